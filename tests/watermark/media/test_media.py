from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib

import av
import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from watermark import MediaError, encode_clip, encode_still, read_media

SUFFIXES = (".png", ".jpg", ".webp", ".avif", ".tif")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_still_comes_back_as_one_frame_without_a_rate(tmp_path, pictures, suffix):
    path = tmp_path / f"face{suffix}"
    encode_still(pictures["face"], path)
    media = read_media(path)
    assert (media.frames.shape, media.frames.dtype, media.fps) == ((1, 256, 256, 3), np.uint8, None)
    assert np.abs(media.frames[0].astype(int) - pictures["face"]).mean() < (3 if suffix != ".png" else 1e-9)


def test_a_clip_comes_back_in_order_with_its_rate_and_colours(tmp_path, clip):
    path = tmp_path / "clip.mp4"
    encode_clip(clip, path, 30000 / 1001)
    media = read_media(path)
    assert media.frames.shape == clip.shape
    assert media.fps == pytest.approx(29.97, abs=0.001)
    error = media.frames.astype(int) - clip
    assert np.abs(error).mean() < 4
    assert np.abs(error.mean(axis=(0, 1, 2))).max() < 2.5


def test_odd_sides_grow_by_a_copy_of_the_last_row_and_column(tmp_path, clip):
    path = tmp_path / "odd.mp4"
    encode_clip(clip[:2, :201, :255], path, 25, crf=10)
    media = read_media(path)
    assert (media.height, media.width) == (202, 256)
    assert np.abs(media.frames[:, 201].astype(int) - media.frames[:, 200]).mean() < 6


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".mp4"])
def test_the_same_frames_give_the_same_bytes(tmp_path, clip, suffix):
    first, second = (tmp_path / f"{name}{suffix}" for name in ("a", "b"))
    for path in (first, second):
        if suffix == ".mp4":
            encode_clip(clip, path, 25)
        else:
            encode_still(clip[0], path)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.slow
def test_what_lies_in_memory_does_not_reach_a_tiff(tmp_path):
    """With MALLOC_PERTURB_ glibc fills new memory; libtiff skips a byte where a compressed strip has an odd length."""
    program = """
import sys
import numpy as np
from pathlib import Path
from watermark import encode_still
rng = np.random.default_rng(0)
for width in range(256, 272):
    image = rng.integers(0, 256, (256, width, 3), dtype=np.uint8)
    encode_still(image, Path(sys.argv[1], f"{width}.tif"), xmp=b"<x:xmpmeta/>")
"""
    for filler in ("11", "77"):
        folder = tmp_path / filler
        folder.mkdir()
        environment = {**os.environ, "MALLOC_PERTURB_": filler}
        subprocess.run([sys.executable, "-c", program, str(folder)], env=environment, check=True)
    written = sorted((tmp_path / "11").iterdir())
    assert len(written) == 16
    assert all(path.read_bytes() == (tmp_path / "77" / path.name).read_bytes() for path in written)


def test_content_decides_and_not_the_suffix(tmp_path, pictures):
    path = tmp_path / "face.png"
    encode_still(pictures["face"], path)
    assert read_media(path.rename(tmp_path / "face.mp4")).fps is None


def test_orientation_is_applied_as_a_viewer_does(tmp_path, pictures):
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate clockwise to view
    picture = pictures["cat"][:, :200]
    Image.fromarray(picture).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_media(tmp_path / "a.png").frames[0], np.rot90(picture, -1))


def test_the_rotation_of_a_portrait_clip_is_applied(tmp_path):
    frames = np.zeros((3, 64, 128, 3), np.uint8)
    frames[:, :, :64] = (250, 10, 10)
    encode_clip(frames, tmp_path / "a.mp4", 25)
    data = (tmp_path / "a.mp4").read_bytes()
    upright = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    clockwise = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    track = data.index(b"tkhd")
    (tmp_path / "b.mp4").write_bytes(data[:track] + data[track:].replace(upright, clockwise, 1))
    turned = read_media(tmp_path / "b.mp4").frames
    assert turned.shape == (3, 128, 64, 3)
    assert turned[0, 20, 32, 0] > 200  # left becomes top
    assert turned[0, 108, 32, 0] < 50


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("L", 77, (77, 77, 77)),
        ("LA", (77, 0), (255, 255, 255)),
        ("RGBA", (10, 20, 30, 0), (255, 255, 255)),
        ("RGBA", (10, 20, 30, 255), (10, 20, 30)),
        ("P", 0, (0, 0, 0)),
        ("I;16", 77 * 257, (77, 77, 77)),
        ("1", 1, (255, 255, 255)),
    ],
)
def test_every_png_mode_becomes_rgb(tmp_path, mode, colour, expected):
    Image.new(mode, (16, 16), colour).save(tmp_path / "a.png")
    assert tuple(read_media(tmp_path / "a.png").frames[0, 8, 8]) == expected


def test_deep_pictures_keep_their_values(tmp_path, pictures):
    deep = pictures["cat"].astype(np.uint16) * 257
    for suffix in (".png", ".tif"):
        cv2.imwrite(str(tmp_path / f"rgb{suffix}"), deep[..., ::-1])
        cv2.imwrite(str(tmp_path / f"grey{suffix}"), deep[..., 0])
        assert np.array_equal(read_media(tmp_path / f"rgb{suffix}").frames[0], pictures["cat"])
        assert np.array_equal(read_media(tmp_path / f"grey{suffix}").frames[0, ..., 1], pictures["cat"][..., 0])


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_samples_of_32_bits_are_refused_because_their_white_is_unknown(tmp_path, pictures, kind):
    Image.fromarray(pictures["cat"][..., 0].astype(kind)).save(tmp_path / "a.tif")
    with pytest.raises(MediaError, match=r"a\.tif: has samples of 32 bits, .* save it with 8 or 16 bits"):
        read_media(tmp_path / "a.tif")
    cv2.imwrite(str(tmp_path / "b.tif"), pictures["cat"].astype(np.float32))
    with pytest.raises(
        MediaError, match=r"b\.tif: is damaged or truncated, or a kind of TIFF that cannot be decoded; .* 8-bit PNG"
    ):
        read_media(tmp_path / "b.tif")


def linear_profile():
    """Return an ICC profile (ICC.1:2001-04) with the primaries of sRGB and linear light."""

    def xyz(*values):
        return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))

    curve = b"curv" + bytes(8)  # no points: the identity
    text = b"linear\0"
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78),
        b"cprt": b"text" + bytes(4) + text,
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.4360, 0.2225, 0.0139),
        b"gXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7139),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = bytes(8) + struct.pack(">I", 0x02100000) + b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    head += struct.pack(">3i", 63190, 65536, 54061)
    rest = head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
    return struct.pack(">I", len(rest)) + rest[4:]


def test_a_colour_profile_is_applied_as_a_viewer_does(tmp_path):
    Image.new("RGB", (16, 16), (128, 0, 255)).save(tmp_path / "a.png", icc_profile=linear_profile())
    shown = read_media(tmp_path / "a.png").frames[0, 8, 8]
    assert np.abs(shown.astype(int) - (188, 0, 255)).max() <= 1  # half of the light is 188 in sRGB


@pytest.mark.parametrize(
    "profile", [ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), b"nonsense"], ids=["sRGB", "broken"]
)
def test_srgb_and_profiles_that_cannot_be_used_change_nothing(tmp_path, profile):
    Image.new("RGB", (16, 16), (10, 120, 250)).save(tmp_path / "a.png", icc_profile=profile)
    assert tuple(read_media(tmp_path / "a.png").frames[0, 8, 8]) == (10, 120, 250)


def test_a_photo_with_a_second_view_is_its_first_picture(tmp_path, pictures):
    first, second = (Image.fromarray(pictures[name]) for name in ("cat", "coffee"))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second], quality=95)
    assert np.abs(read_media(tmp_path / "a.jpg").frames[0].astype(int) - pictures["cat"]).mean() < 4


def test_several_pages_are_refused_with_a_way_out(tmp_path, pictures):
    page = Image.fromarray(pictures["cat"])
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page, page])
    with pytest.raises(MediaError, match=r"a\.tif: has several pages; save the one you mean"):
        read_media(tmp_path / "a.tif")


def test_cmyk_becomes_rgb(tmp_path):
    Image.new("CMYK", (16, 16), (0, 0, 0, 0)).save(tmp_path / "a.jpg")
    assert read_media(tmp_path / "a.jpg").frames[0, 8, 8].min() > 250


def test_matroska_is_read_and_a_truncated_one_refused(tmp_path, clip):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width = stream.height = 256
        for frame in clip:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        file.mux(stream.encode())
    assert read_media(path).frames.shape == clip.shape
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(MediaError, match=r"a\.mkv: is truncated"):
        read_media(path)


@pytest.mark.parametrize("part", [0.2, 0.5, 0.99])
def test_a_truncated_clip_is_refused_by_name(tmp_path, clip, part):
    path = tmp_path / "cut.mp4"
    encode_clip(clip, path, 25)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(MediaError, match=r"cut\.mp4: is truncated"):
        read_media(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_truncated_still_is_refused_by_name(tmp_path, pictures, suffix):
    path = tmp_path / f"cut{suffix}"
    encode_still(pictures["coffee"], path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(MediaError, match=rf"cut\{suffix}: is damaged or truncated"):
        read_media(path)


def test_a_picture_that_would_fill_the_memory_is_refused_before_decoding(tmp_path):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 9000, 8000, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(content)
    with pytest.raises(MediaError, match=r"bomb\.png: has 9000 × 8000 pixels; at most 64000000"):
        read_media(tmp_path / "bomb.png")
    (tmp_path / "bomb.png").write_bytes(
        content.replace(chunk(b"IHDR", header), chunk(b"IHDR", b"\0\1\0\0\0\1\0\0" + header[8:]))
    )
    with pytest.raises(MediaError, match=r"bomb\.png: has more than 64000000 pixels"):
        read_media(tmp_path / "bomb.png")


@pytest.mark.parametrize("suffix", [".png", ".avif"])
def test_an_animation_is_refused_with_a_way_out(tmp_path, clip, suffix):
    first, *others = (Image.fromarray(frame) for frame in clip[:3])
    first.save(tmp_path / f"a{suffix}", save_all=True, append_images=others)
    with pytest.raises(MediaError, match=r"is an animated (PNG|AVIF), which is not read; convert it to MP4"):
        read_media(tmp_path / f"a{suffix}")


def test_max_frames_stops_early(tmp_path, clip):
    encode_clip(clip, tmp_path / "a.mp4", 25)
    assert len(read_media(tmp_path / "a.mp4", max_frames=5).frames) == 5


def ycbcr_tiff(order, subsampling, planar=1):
    """Return a TIFF of 16 × 16 grey pixels, YCbCr without compression (TIFF 6.0, section 21)."""
    across, down = subsampling
    chroma = (16 // across) * (16 // down)
    pixels = bytes([128]) * (256 + 2 * chroma)
    entries = [
        (256, 3, 1, 16),
        (257, 3, 1, 16),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 6),
        (273, 4, 1, 8),
        (277, 3, 1, 3),
        (278, 3, 1, 16),
        (279, 4, 1, len(pixels)),
        (284, 3, 1, planar),
        (530, 3, 2, subsampling),
    ]
    shape = ">" if order == b"MM" else "<"
    place = 8 + len(pixels)
    directory = struct.pack(f"{shape}H", len(entries))
    for tag, kind, count, value in entries:
        values = value if isinstance(value, tuple) else (value,)
        packed = b"".join(struct.pack(f"{shape}{'H' if kind == 3 else 'I'}", one) for one in values)
        directory += struct.pack(f"{shape}HHI", tag, kind, count) + packed.ljust(4, b"\0")
    return order + struct.pack(f"{shape}HI", 42, place) + pixels + directory + bytes(4)


@pytest.mark.parametrize("order", [b"II", b"MM"])
@pytest.mark.parametrize("subsampling", [(1, 1), (2, 1), (2, 2)])
def test_an_uncompressed_ycbcr_tiff_is_refused_by_its_true_name(tmp_path, order, subsampling):
    (tmp_path / "x.tif").write_bytes(ycbcr_tiff(order, subsampling))
    with pytest.raises(MediaError, match=r"x\.tif: is an uncompressed YCbCr TIFF, .* save it as RGB TIFF or PNG"):
        read_media(tmp_path / "x.tif")


def test_a_ycbcr_tiff_compressed_as_jpeg_is_read(tmp_path, pictures):
    picture = Image.fromarray(pictures["face"]).convert("YCbCr")
    picture.save(tmp_path / "x.tif", compression="jpeg", quality=95)
    with Image.open(tmp_path / "x.tif") as saved:
        assert saved.tag_v2[262] == 6
    read = read_media(tmp_path / "x.tif").frames[0]
    assert np.abs(read.astype(int) - pictures["face"]).mean() < 6


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_heic_is_refused_with_a_way_out(tmp_path, brand, monkeypatch):
    monkeypatch.setattr("watermark.media.containers.find_spec", lambda name: None)  # its decoder is optional
    (tmp_path / "x.heic").write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(4) + b"mif1heic" + bytes(50))
    with pytest.raises(MediaError, match=r"x\.heic: is HEIC, .* convert it to AVIF, JPEG or PNG"):
        read_media(tmp_path / "x.heic")


@pytest.mark.parametrize("content", [b"", b"hello", b"BM" + bytes(50)])
def test_a_file_of_another_kind_is_refused_by_name(tmp_path, content):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(MediaError, match=r"x\.png: is not PNG, JPEG, WebP, GIF, AVIF, TIFF, MP4"):
        read_media(tmp_path / "x.png")


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(MediaError, match=r"none\.png: cannot be read"):
        read_media(tmp_path / "none.png")


@pytest.mark.parametrize("fps", [0, -1, float("nan"), 5000])
def test_an_impossible_rate_is_refused(tmp_path, clip, fps):
    with pytest.raises(MediaError, match="frame rate"):
        encode_clip(clip, tmp_path / "a.mp4", fps)


def test_stills_and_clips_are_not_confused_when_writing(tmp_path, clip):
    with pytest.raises(MediaError, match=r"a \.png file cannot hold a clip; use one of \.mp4"):
        encode_clip(clip, tmp_path / "a.png", 25)
    with pytest.raises(MediaError, match=r"a \.mp4 file cannot hold a still; use one of \.png"):
        encode_still(clip[0], tmp_path / "a.mp4")
    with pytest.raises(MediaError, match=r"a \.gif file cannot hold a still"):
        encode_still(clip[0], tmp_path / "a.gif")
