import struct
import zlib

import av
import numpy as np
import pytest
from PIL import Image

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


def test_content_decides_and_not_the_suffix(tmp_path, pictures):
    path = tmp_path / "face.png"
    encode_still(pictures["face"], path)
    assert read_media(path.rename(tmp_path / "face.mp4")).fps is None


def test_orientation_is_applied_as_a_viewer_does(tmp_path, pictures):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to view
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
    assert turned[0, 20, 32, 0] > 200  # left goes to the top
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


def test_an_animation_is_refused_with_a_way_out(tmp_path, clip):
    first, *others = (Image.fromarray(frame) for frame in clip[:3])
    first.save(tmp_path / "a.webp", save_all=True, append_images=others)
    with pytest.raises(MediaError, match="is an animation, not a still; convert it to MP4"):
        read_media(tmp_path / "a.webp")


def test_max_frames_stops_early(tmp_path, clip):
    encode_clip(clip, tmp_path / "a.mp4", 25)
    assert len(read_media(tmp_path / "a.mp4", max_frames=5).frames) == 5


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_heic_is_refused_with_a_way_out(tmp_path, brand):
    (tmp_path / "x.heic").write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(4) + b"mif1heic" + bytes(50))
    with pytest.raises(MediaError, match=r"x\.heic: is HEIC, .* convert it to AVIF, JPEG or PNG"):
        read_media(tmp_path / "x.heic")


@pytest.mark.parametrize("content", [b"", b"hello", b"GIF89a" + bytes(50)])
def test_a_file_of_another_kind_is_refused_by_name(tmp_path, content):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(MediaError, match=r"x\.png: is not PNG, JPEG, WebP, AVIF, TIFF, MP4"):
        read_media(tmp_path / "x.png")


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(MediaError, match=r"none\.png: cannot be read"):
        read_media(tmp_path / "none.png")


@pytest.mark.parametrize("fps", [0, -1, float("nan"), 5000])
def test_an_impossible_rate_is_refused(tmp_path, clip, fps):
    with pytest.raises(MediaError, match="frame rate"):
        encode_clip(clip, tmp_path / "a.mp4", fps)


def test_stills_and_clips_are_not_confused_when_writing(tmp_path, clip):
    with pytest.raises(MediaError, match=r"use \.mp4"):
        encode_clip(clip, tmp_path / "a.png", 25)
    with pytest.raises(MediaError, match=r"use \.png"):
        encode_still(clip[0], tmp_path / "a.mp4")
    with pytest.raises(MediaError, match=r"suffix '\.gif'"):
        encode_still(clip[0], tmp_path / "a.gif")
