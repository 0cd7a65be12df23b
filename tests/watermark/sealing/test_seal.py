from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import watermark
from watermark import (
    Claim,
    CredentialState,
    Deployment,
    Ingredient,
    MediaError,
    Payload,
    PayloadKind,
    SealError,
    StoreError,
    mark,
    read_provenance,
    seal,
    seal_file,
)
from watermark.media.files import file_hash
from watermark.sealing import release
from watermark.sealing import seal as sealing

SUFFIXES = (".png", ".jpg", ".webp", ".avif", ".tif", ".mp4")


@pytest.fixture
def own(tmp_path):
    """Return a deployment that a test may damage."""
    return Deployment.open(tmp_path / "home")


@pytest.fixture
def marked(pictures, own, payload):
    return mark(pictures["face"], payload, own.mark_key)


@pytest.fixture
def claim(payload):
    return Claim(payload, "face", "facetrail test", "1.2.3")


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def contents(folder):
    return {path.name: path.read_bytes() if path.is_file() else None for path in folder.iterdir()}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_sealed_file_is_trusted_and_its_receipt_is_true(sealed, deployment, suffix):
    receipt = sealed[suffix]
    assert receipt.sha256 == file_hash(receipt.path)
    assert receipt.credential.state is CredentialState.TRUSTED
    assert (receipt.width, receipt.height) == (256, 256)
    assert (receipt.frames, receipt.fps) == ((12, 25.0) if suffix == ".mp4" else (1, None))
    assert set(receipt.seconds) == {"encode", "read_back", "sign"}
    found = read_provenance(receipt.path, deployment)
    assert found.credential.state is CredentialState.TRUSTED
    assert found.mark is not None
    assert (found.mark.ours, found.mark.id, found.mark.kind) == (True, receipt.payload.hex, PayloadKind.GENERATED)


def test_sealing_leaves_only_the_file(sealed):
    folder = sealed[".png"].path.parent
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"face{suffix}" for suffix in SUFFIXES)


def test_unmarked_frames_leave_no_file(pictures, own, claim, out):
    with pytest.raises(SealError, match=r"a\.png: the encoded file reads no mark instead of generated 0123456789ab"):
        seal(pictures["face"], out / "a.png", claim, own)
    assert contents(out) == {}
    assert own.store.find(claim.payload.hex) == ()


def test_another_id_or_kind_than_claimed_leaves_no_file(pictures, own, claim, payload, out):
    for wrong in (Payload(5, payload.kind), Payload(payload.id, PayloadKind.CONTROL)):
        with pytest.raises(SealError, match=f"reads {wrong.kind} {wrong.hex} instead of generated"):
            seal(mark(pictures["face"], wrong, own.mark_key), out / "a.png", claim, own)
    assert contents(out) == {}


def break_encoder(monkeypatch):
    def full(image, path, **_):
        path.write_bytes(b"half a file")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sealing, "encode_still", full)
    return SealError, r"a\.png: cannot be written \(No space left on device\); free space"


def break_real_disk(monkeypatch):
    def full(image, path, **_):
        Image.fromarray(image).save(Path("/dev/full"), format="PNG")

    monkeypatch.setattr(sealing, "encode_still", full)
    return SealError, r"a\.png: cannot be written \(No space left on device\)"


def break_signer(monkeypatch):
    def refuse(*_, **__):
        raise SealError("face: the C2PA library refuses to sign")

    monkeypatch.setattr(release, "sign_file", refuse)
    return SealError, "refuses to sign"


def break_signature(monkeypatch):
    sign = release.sign_file

    def flip(source, target, *rest, **options):
        manifest = sign(source, target, *rest, **options)
        data = bytearray(target.read_bytes())
        data[-20] ^= 1
        target.write_bytes(data)
        return manifest

    monkeypatch.setattr(release, "sign_file", flip)
    return SealError, r"a\.png: the signed file reads altered \(assertion\.dataHash\.mismatch\) instead of trusted"


def break_rename(monkeypatch):
    def refuse(*_):
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    return SealError, r"a\.png: cannot be written \(Permission denied\)"


@pytest.mark.parametrize("fail", [break_encoder, break_real_disk, break_signer, break_signature, break_rename])
def test_whatever_fails_the_earlier_file_stays_and_nothing_else_is_left(marked, own, claim, out, monkeypatch, fail):
    if fail is break_real_disk and not Path("/dev/full").exists():
        pytest.skip("/dev/full is absent on this system")
    (out / "a.png").write_bytes(b"earlier")
    error, message = fail(monkeypatch)
    with pytest.raises(error, match=message) as caught:
        seal(marked, out / "a.png", claim, own)
    assert "\n" not in str(caught.value)
    assert contents(out) == {"a.png": b"earlier"}
    assert own.store.find(claim.payload.hex) == ()


def test_a_broken_store_leaves_no_file(marked, own, claim, out):
    own.store.path.write_bytes(b"no database" * 200)
    with pytest.raises(StoreError, match="move it away"):
        seal(marked, out / "a.png", claim, own)
    assert contents(out) == {}


def test_a_missing_folder_is_named_with_a_way_out(marked, own, claim, tmp_path):
    with pytest.raises(SealError, match=r"none/a\.png: cannot be written .* choose another folder"):
        seal(marked, tmp_path / "none" / "a.png", claim, own)


def test_sealing_again_replaces_the_file(marked, own, claim, out):
    first = seal(marked, out / "a.jpg", claim, own)
    second = seal(marked, out / "a.jpg", claim, own)
    assert first.sha256 != second.sha256  # every signature is new
    assert read_provenance(out / "a.jpg", own).credential.state is CredentialState.TRUSTED
    assert len(own.store.find(claim.payload.hex)) == 2


@pytest.mark.parametrize(
    ("name", "fps", "moving", "message"),
    [
        ("a.mp4", None, True, "needs its frames a second"),
        ("a.png", 25, True, "a .png file cannot hold a clip"),
        ("a.mp4", 25, False, "a .mp4 file cannot hold a still"),
        ("a.gif", None, False, r"a \.gif file cannot hold a still; use one of \.png"),
        ("a.png", 25, False, "a still has no frames a second"),
    ],
)
def test_a_path_that_does_not_fit_the_frames_is_refused(marked, own, claim, out, name, fps, moving, message):
    with pytest.raises(MediaError, match=message):
        seal(np.stack([marked] * 2) if moving else marked, out / name, claim, own, fps=fps)
    assert contents(out) == {}


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".png", ".mp4"])
def test_a_genuine_file_becomes_a_control_file(own, out, pictures, clip, suffix):
    original = out / f"original{suffix}"
    if suffix == ".mp4":
        watermark.encode_clip(clip, original, 25)
    else:
        watermark.encode_still(pictures["coffee"], original)
    receipt = seal_file(original, out / f"control{suffix}", PayloadKind.CONTROL, own, rng=np.random.default_rng(3))
    assert receipt.payload == Payload.random(np.random.default_rng(3), PayloadKind.CONTROL)
    found = read_provenance(receipt.path, own)
    assert found.mark is not None
    assert (found.mark.ours, found.mark.kind) == (True, PayloadKind.CONTROL)
    assert found.credential.state is CredentialState.TRUSTED
    assert found.credential.actions[0] == "c2pa.opened"
    assert found.credential.source_type is None


def test_a_marked_file_is_never_marked_again(sealed, deployment, out):
    with pytest.raises(SealError, match=r"face\.png: carries mark [0-9a-f]{12} already"):
        seal_file(sealed[".png"].path, out / "again.png", PayloadKind.CONTROL, deployment)
    assert contents(out) == {}


def test_a_control_claim_without_its_original_is_refused(pictures, own, out):
    payload = Payload(9, PayloadKind.CONTROL)
    claim = Claim(payload, "a", "facetrail test", "1")
    with pytest.raises(SealError, match="needs its original as a parentOf ingredient"):
        seal(mark(pictures["cat"], payload, own.mark_key), out / "a.png", claim, own)
    assert contents(out) == {}


def test_an_ingredient_that_is_missing_is_named(marked, own, payload, out):
    lost = Ingredient(out / "lost.png", "lost.png", "inputTo")
    with pytest.raises(MediaError, match=r"lost\.png: cannot be read"):
        seal(marked, out / "a.png", Claim(payload, "a", "facetrail test", "1", ingredients=(lost,)), own)
    assert contents(out) == {}


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["RGBA", "LA", "L", "P", "CMYK", "I;16"])
def test_pictures_of_every_kind_are_marked_as_a_viewer_shows_them(own, out, pictures, mode):
    picture = Image.fromarray(pictures["face"])
    if mode == "I;16":
        converted = Image.fromarray(np.asarray(picture.convert("L"), dtype=np.uint16) * 257)
    else:
        converted = picture.convert(mode)
    source = out / ("source.jpg" if mode == "CMYK" else "source.png")
    converted.save(source)
    shown = watermark.read_media(source).frames[0]
    receipt = seal_file(source, out / "sealed.png", PayloadKind.CONTROL, own)
    assert receipt.credential.state is CredentialState.TRUSTED
    sealed_pixels = watermark.read_media(receipt.path).frames[0].astype(int)
    assert np.abs(sealed_pixels - shown).mean() < 3
    assert read_provenance(receipt.path, own).mark.id == receipt.payload.hex


def test_a_clip_with_odd_sides_loses_no_pixel(own, out, pictures):
    picture = pictures["face"][:201, :255]
    frames = np.stack([np.roll(picture, i, axis=1) for i in range(6)])
    payload = Payload(0x99, PayloadKind.GENERATED)
    claim = Claim(payload, "odd", "facetrail test", "1")
    receipt = seal(mark(frames, payload, own.mark_key), out / "a.mp4", claim, own, fps=25)
    assert (receipt.width, receipt.height) == (256, 202)
    assert read_provenance(out / "a.mp4", own).mark.ours


def test_a_variable_frame_rate_becomes_constant_and_the_receipt_says_so(own, out, pictures):
    source = out / "source.mkv"
    with av.open(str(source), "w") as file:
        stream = file.add_stream("libx264", rate=1000)
        stream.width = stream.height = 256
        stream.codec_context.time_base = Fraction(1, 1000)
        for index, time in enumerate([0, 40, 80, 120, 500, 900]):
            frame = av.VideoFrame.from_ndarray(np.roll(pictures["face"], index, axis=1), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    receipt = seal_file(source, out / "a.mp4", PayloadKind.CONTROL, own)
    assert receipt.resampled
    assert receipt.fps == 25
    assert receipt.frames == 23  # the last at the step before 0.9 s, which lies between two
    assert not watermark.open_clip(out / "a.mp4").variable_rate


@pytest.mark.slow
def test_writers_of_one_path_at_once_leave_one_whole_file(own, out, pictures):
    def one(number):
        payload = Payload(number, PayloadKind.GENERATED)
        claim = Claim(payload, f"{number}", "facetrail test", "1")
        return seal(mark(pictures["face"], payload, own.mark_key), out / "a.png", claim, own)

    with ThreadPoolExecutor(4) as threads:
        receipts = list(threads.map(one, range(1, 7)))
    assert [path.name for path in out.iterdir()] == ["a.png"]
    found = read_provenance(out / "a.png", own)
    assert found.credential.state is CredentialState.TRUSTED
    winner = next(receipt for receipt in receipts if receipt.sha256 == file_hash(out / "a.png"))
    assert found.mark.id == winner.payload.hex
