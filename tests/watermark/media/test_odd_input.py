"""Test unusual but real files: each is sealed as a viewer displays it, or refused in one line without any output."""

from __future__ import annotations

import sqlite3
import struct
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from multiprocessing import get_context

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from watermark import (
    Deployment,
    MediaError,
    Outcome,
    PayloadKind,
    SealError,
    StoreError,
    TooSmallError,
    WatermarkError,
    encode_clip,
    encode_still,
    mark,
    open_clip,
    read_mark,
    read_media,
    read_provenance,
    seal_file,
)
from watermark.identity.private_files import write_private
from watermark.mark import embed
from watermark.store import manifest_store

pytestmark = pytest.mark.slow  # together they take several seconds

WHITE = 255


@pytest.fixture
def own(tmp_path, key):
    """Return a deployment with one key for every run, so that reading a mark does not depend on the random key."""
    (tmp_path / "home").mkdir()
    write_private(tmp_path / "home" / "mark.key", key)
    return Deployment.open(tmp_path / "home")


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def sealed_as_shown(source, target, own, *, within=3.5):
    """Seal a file, and check that the result shows the same content as the source, with a mark that can be read."""
    shown = read_media(source).frames
    receipt = seal_file(source, target, PayloadKind.CONTROL, own, rng=np.random.default_rng(1))
    assert sorted(target.parent.iterdir()) == [target]
    height, width = shown.shape[1:3]
    written = read_media(target).frames[:, :height, :width]
    assert np.abs(written.astype(int) - shown).mean() < within
    found = read_provenance(target, own)
    assert (found.outcome, found.mark.ours, found.mark.id) == (Outcome.TRUSTED, True, receipt.payload.hex)
    return receipt, shown


def ramp(side=256):
    return np.tile(np.linspace(0, 255, side).astype(np.uint8), (side, 1))


def over_white(picture, alpha):
    share = alpha[..., None] / 255
    return picture * share + WHITE * (1 - share)


def save_deep(path, picture, alpha=None):
    layers = picture[..., ::-1] if alpha is None else np.dstack([picture[..., ::-1], alpha])
    cv2.imwrite(str(path), layers.astype(np.uint16) * 257)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".avif", ".tif"])
def test_transparency_is_laid_over_white_and_the_receipt_says_so(own, out, tmp_path, pictures, suffix):
    source = tmp_path / f"source{suffix}"
    lossless = {"lossless": True} if suffix == ".webp" else {}
    Image.fromarray(np.dstack([pictures["face"], ramp()])).save(source, **lossless)
    receipt, shown = sealed_as_shown(source, out / "a.png", own)
    assert receipt.flattened
    assert np.abs(shown[0] - over_white(pictures["face"], ramp())).mean() < 2
    assert not read_media(out / "a.png").flattened


def test_what_lies_under_transparent_pixels_does_not_come_out(own, out, tmp_path, pictures):
    hidden = np.dstack([pictures["face"], np.where(ramp() > 127, 255, 0).astype(np.uint8)])
    Image.fromarray(hidden).save(tmp_path / "source.png")
    sealed_as_shown(tmp_path / "source.png", out / "a.png", own)
    assert read_media(out / "a.png").frames[0, :, :120].min() > 240


@pytest.mark.parametrize(
    "transparency",
    [5, bytes(range(0, 256, 4)), (10, 20, 30)],
    ids=["one colour of a palette", "every colour of a palette", "one colour"],
)
def test_transparent_colours_are_laid_over_white(own, out, tmp_path, pictures, transparency):
    picture = Image.fromarray(pictures["face"])
    picture = picture if isinstance(transparency, tuple) else picture.quantize(64)
    picture.save(tmp_path / "source.png", transparency=transparency)
    receipt, _ = sealed_as_shown(tmp_path / "source.png", out / "a.png", own)
    assert receipt.flattened


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("kind", ["colour", "colour and alpha", "grey"])
def test_sixteen_bits_become_eight(own, out, tmp_path, pictures, suffix, kind):
    face, source = pictures["face"], tmp_path / f"source{suffix}"
    if kind == "grey":
        cv2.imwrite(str(source), face[..., 1].astype(np.uint16) * 257)
        expected = np.repeat(face[..., 1:2], 3, axis=2)
    else:
        save_deep(source, face, ramp() if kind == "colour and alpha" else None)
        expected = over_white(face, ramp()) if kind == "colour and alpha" else face
    receipt, shown = sealed_as_shown(source, out / "a.png", own)
    assert np.abs(shown[0] - expected).max() <= 1
    assert receipt.flattened is (kind == "colour and alpha")


@pytest.mark.parametrize(
    ("mode", "suffix"), [("L", ".jpg"), ("CMYK", ".jpg"), ("CMYK", ".tif"), ("LAB", ".tif"), ("YCbCr", ".jpg")]
)
def test_pictures_in_other_colours_are_sealed_as_shown(own, out, tmp_path, pictures, mode, suffix):
    picture = Image.fromarray(pictures["face"]).convert(mode)
    picture.save(tmp_path / f"source{suffix}", **({"quality": 97} if suffix == ".jpg" else {}))
    receipt, shown = sealed_as_shown(tmp_path / f"source{suffix}", out / f"a{suffix}", own)
    assert not receipt.flattened
    if mode != "L":
        assert np.abs(shown[0].astype(int) - pictures["face"]).mean() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_sealed_upright_and_is_not_turned_again(own, out, tmp_path, pictures, orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    Image.fromarray(pictures["face"][:, :200]).save(tmp_path / "source.jpg", exif=tags, quality=97)
    receipt, _ = sealed_as_shown(tmp_path / "source.jpg", out / "a.jpg", own)
    assert (receipt.height, receipt.width) == ((256, 200) if orientation < 5 else (200, 256))
    with Image.open(out / "a.jpg") as written:
        assert 0x0112 not in written.getexif()


@pytest.mark.parametrize("suffix", [".png", ".avif"])
def test_an_animation_is_refused_and_leaves_nothing(own, out, tmp_path, clip, suffix):
    first, *others = (Image.fromarray(frame) for frame in clip[:3])
    source = tmp_path / f"source{suffix}"
    first.save(source, save_all=True, append_images=others)
    for act in (
        lambda: seal_file(source, out / "a.png", PayloadKind.CONTROL, own),
        lambda: seal_file(source, out / "a.mp4", PayloadKind.CONTROL, own),
        lambda: read_provenance(source, own),
    ):
        with pytest.raises(MediaError, match=rf"source\{suffix}: is .*convert it to .*MP4") as caught:
            act()
        assert "\n" not in str(caught.value)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(("height", "width"), [(1, 1), (100, 100), (127, 900), (900, 127)])
@pytest.mark.parametrize("suffix", [".png", ".mkv"])
def test_what_is_too_small_is_refused_by_name_and_reads_as_unmarked(
    own, out, tmp_path, pictures, height, width, suffix
):
    source = tmp_path / f"source{suffix}"
    small = cv2.resize(pictures["face"], (width, height))
    if suffix == ".png":
        encode_still(small, source)
    else:
        write_clip(source, [small] * 2, "ffv1", "yuv444p")
    target = out / ("a.png" if suffix == ".png" else "a.mp4")
    with pytest.raises(TooSmallError, match=rf"source\{suffix}: a picture of {width} × {height} pixels is too small"):
        seal_file(source, target, PayloadKind.CONTROL, own)
    assert list(out.iterdir()) == []
    assert not own.store.path.exists()
    assert read_provenance(source, own).outcome is Outcome.ABSENT


def test_the_smallest_and_the_longest_pictures_are_sealed(own, out, tmp_path, large_picture):
    for number, (height, width) in enumerate([(128, 128), (128, 1500), (131, 255)]):
        encode_still(cv2.resize(large_picture, (width, height)), tmp_path / "source.png")
        receipt, _ = sealed_as_shown(tmp_path / "source.png", out / "a.png", own)
        assert (receipt.height, receipt.width) == (height, width), number


def test_texture_that_drowns_the_mark_is_refused_in_one_line_and_leaves_nothing(own, out, tmp_path):
    """The picture is dithered to one bit. Whether it can contain the mark depends on the picture, so noise is used."""
    noise = np.random.default_rng(0).integers(0, 2, (256, 256), dtype=np.uint8) * 255
    Image.fromarray(noise).convert("1").save(tmp_path / "source.png")
    try:
        seal_file(tmp_path / "source.png", out / "a.png", PayloadKind.CONTROL, own)
    except SealError as error:
        assert "less fine texture, in which the mark drowns; nothing was left" in str(error)
        assert list(out.iterdir()) == []
    else:
        assert read_provenance(out / "a.png", own).mark.ours


@pytest.mark.parametrize("suffix", [".png", ".mp4"])
@pytest.mark.parametrize("drowned", [1, 2, 3])
def test_where_the_mark_of_one_id_drowns_two_others_are_tried(own, out, tmp_path, clip, monkeypatch, suffix, drowned):
    if suffix == ".png":
        encode_still(clip[0], tmp_path / "source.png")
    else:
        encode_clip(clip, tmp_path / "source.mp4", 25)
    fit, seen = embed._fitted, []

    def drowning(frames, payload, key):
        seen.append(payload)
        return fit(frames, payload, key if len(seen) > drowned else bytes(32))

    monkeypatch.setattr(embed, "_fitted", drowning)
    target, rng = out / f"a{suffix}", np.random.default_rng(1)
    if drowned == 3:
        with pytest.raises(SealError, match="reads no mark"):
            seal_file(tmp_path / f"source{suffix}", target, PayloadKind.CONTROL, own, rng=rng)
        assert list(out.iterdir()) == []
        assert not own.store.path.exists()
        return
    receipt = seal_file(tmp_path / f"source{suffix}", target, PayloadKind.CONTROL, own, rng=rng)
    assert len(set(seen)) == len(seen) == drowned + 1
    assert receipt.payload == seen[-1]
    assert read_provenance(target, own).mark.id == seen[-1].hex
    assert not any(own.store.find(payload.hex) for payload in seen[:-1])


def write_clip(path, frames, codec="libx264", pixels="yuv420p", *, rate=25):
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        for picture in frames:
            form = "rgba" if picture.shape[-1] == 4 else "rgb24"
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=form)))
        file.mux(stream.encode())


def moving(picture, count=6):
    return [np.roll(picture, index, axis=1) for index in range(count)]


@pytest.mark.parametrize(
    ("codec", "pixels", "height", "width"),
    [
        ("libx264", "yuv444p", 201, 255),
        ("ffv1", "yuv420p", 201, 254),
        ("ffv1", "yuv444p", 200, 255),
        ("libx264", "gray", 256, 256),
        ("libx264", "yuv422p10le", 256, 256),
        ("mjpeg", "yuvj444p", 256, 256),
    ],
)
def test_clips_of_odd_sizes_and_pixels_are_sealed_as_shown(own, out, tmp_path, pictures, codec, pixels, height, width):
    frames = moving(pictures["face"][:height, :width])
    write_clip(tmp_path / "source.mkv", frames, codec, pixels)
    receipt, shown = sealed_as_shown(tmp_path / "source.mkv", out / "a.mp4", own)
    assert shown.shape[1:3] == (height, width)
    assert (receipt.height, receipt.width) == (height + height % 2, width + width % 2)
    assert (receipt.frames, receipt.resampled, receipt.flattened) == (6, False, False)


@pytest.mark.parametrize(("codec", "pixels"), [("png", "rgba"), ("qtrle", "argb"), ("ffv1", "yuva420p")])
def test_a_clip_with_an_alpha_channel_is_laid_over_white(own, out, tmp_path, pictures, codec, pixels):
    suffix = ".mkv" if codec == "ffv1" else ".mov"
    frames = moving(np.dstack([pictures["face"], ramp()]))
    write_clip(tmp_path / f"source{suffix}", frames, codec, pixels)
    receipt, shown = sealed_as_shown(tmp_path / f"source{suffix}", out / "a.mp4", own)
    assert receipt.flattened
    assert np.abs(shown[2] - over_white(frames[2][..., :3], frames[2][..., 3])).mean() < 3
    assert not open_clip(out / "a.mp4").flattened


def test_a_portrait_clip_of_a_phone_is_sealed_upright_and_is_not_turned_again(own, out, tmp_path, clip):
    encode_clip(clip[:6, :200], tmp_path / "lying.mp4", 25)
    data = (tmp_path / "lying.mp4").read_bytes()
    upright = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    clockwise = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    track = data.index(b"tkhd")
    (tmp_path / "source.mp4").write_bytes(data[:track] + data[track:].replace(upright, clockwise, 1))
    receipt, _ = sealed_as_shown(tmp_path / "source.mp4", out / "a.mp4", own)
    assert (receipt.height, receipt.width) == (256, 200)


def test_an_uneven_rate_keeps_its_sound_and_its_length(own, out, tmp_path, pictures):
    times = [0, 40, 80, 120, 500, 900, 940, 980]
    with av.open(str(tmp_path / "source.mkv"), "w") as file:
        video = file.add_stream("libx264", rate=1000)
        video.width = video.height = 256
        video.codec_context.time_base = Fraction(1, 1000)
        audio = file.add_stream("aac", rate=48000, layout="mono")
        for index, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(np.roll(pictures["face"], index, axis=1), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            file.mux(video.encode(frame))
        file.mux(video.encode())
        tone = (8000 * np.sin(np.arange(48000) / 20)).astype(np.float32) / 32768
        for start in range(0, 47104, 1024):
            sound = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="fltp", layout="mono")
            sound.sample_rate, sound.pts = 48000, start
            file.mux(audio.encode(sound))
        file.mux(audio.encode())
    receipt = seal_file(tmp_path / "source.mkv", out / "a.mp4", PayloadKind.CONTROL, own, rng=np.random.default_rng(1))
    assert (receipt.resampled, receipt.fps) == (True, 25)
    assert receipt.frames / receipt.fps == pytest.approx(0.98 + 1 / receipt.fps, abs=0.51 / receipt.fps)
    with av.open(str(out / "a.mp4")) as file:
        packets = [packet for packet in file.demux(audio=0) if packet.pts is not None]
        end = float((packets[-1].pts + packets[-1].duration) * packets[-1].time_base)
    assert end == pytest.approx(0.98, abs=0.05)
    assert read_provenance(out / "a.mp4", own).mark.ours


@pytest.mark.parametrize(
    "view",
    [
        np.asfortranarray,
        lambda picture: picture[::-1, ::-1],
        np.rot90,
        lambda picture: np.repeat(picture, 2, 1)[:, ::2],
    ],
    ids=["columns first", "turned", "on its side", "every second column"],
)
def test_an_array_is_marked_however_it_lies_in_memory(pictures, key, payload, view):
    given = view(pictures["face"])
    given.flags.writeable = False
    marked = mark(given, payload, key)
    assert np.array_equal(marked, mark(np.ascontiguousarray(given), payload, key))
    assert read_mark(np.asfortranarray(marked), key).id == payload.hex


def seal_one(home, source, target):
    return seal_file(source, target, PayloadKind.CONTROL, Deployment.open(home)).payload.hex


def test_eight_processes_seal_into_one_new_deployment_and_none_is_lost(out, tmp_path, pictures):
    encode_still(pictures["face"], tmp_path / "source.png")
    targets = [out / f"{number}.jpg" for number in range(16)]
    with ProcessPoolExecutor(8, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(seal_one, tmp_path / "home", tmp_path / "source.png", target) for target in targets]
        ids = [one.result() for one in waiting]
    own = Deployment.open(tmp_path / "home")
    assert sorted(out.iterdir()) == sorted(targets)
    for target, identifier in zip(targets, ids, strict=True):
        found = read_provenance(target, own)
        assert (found.outcome, found.mark.ours, found.mark.id) == (Outcome.TRUSTED, True, identifier)
        assert len(own.store.find(identifier)) == 1
    assert sorted(path.name for path in own.folder.iterdir() if not path.name.startswith("manifests.sqlite3-")) == [
        "identity",
        "manifests.sqlite3",
        "mark.key",
    ]


@pytest.fixture
def sealed_once(own, out, tmp_path, pictures):
    encode_still(pictures["cat"], tmp_path / "source.png")
    seal_file(tmp_path / "source.png", out / "a.png", PayloadKind.CONTROL, own)
    return own


def test_a_store_that_stays_locked_leaves_no_file_and_says_so(sealed_once, out, tmp_path, monkeypatch):
    monkeypatch.setattr(manifest_store, "_WAIT_SECONDS", 0.05)
    holder = sqlite3.connect(sealed_once.store.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StoreError, match=r"manifests\.sqlite3: .*\(database is locked\)") as caught:
            seal_file(tmp_path / "source.png", out / "b.png", PayloadKind.CONTROL, sealed_once)
        assert "\n" not in str(caught.value)
        assert read_provenance(out / "a.png", sealed_once).outcome is Outcome.TRUSTED  # reading does not wait for locks
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert [path.name for path in out.iterdir()] == ["a.png"]
    seal_file(tmp_path / "source.png", out / "b.png", PayloadKind.CONTROL, sealed_once)


def test_a_store_that_cannot_be_written_leaves_no_file_and_is_still_read(sealed_once, out, tmp_path, monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **options: connect(f"file:{path}?mode=ro", **{**options, "uri": True})
    )
    with pytest.raises(StoreError, match="readonly database"):
        seal_file(tmp_path / "source.png", out / "b.png", PayloadKind.CONTROL, sealed_once)
    assert [path.name for path in out.iterdir()] == ["a.png"]
    assert read_provenance(out / "a.png", sealed_once).outcome is Outcome.TRUSTED


@pytest.mark.parametrize("name", ["a.png", "none/a.png"])
def test_a_target_that_cannot_be_written_is_one_line(own, out, tmp_path, pictures, name):
    encode_still(pictures["cat"], tmp_path / "source.png")
    (out / "a.png").mkdir()
    with pytest.raises(WatermarkError, match=r"a\.png: cannot be written") as caught:
        seal_file(tmp_path / "source.png", out / name, PayloadKind.CONTROL, own)
    assert "\n" not in str(caught.value)
    assert [path.name for path in out.rglob("*")] == ["a.png"]
