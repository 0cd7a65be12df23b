"""Clips in every format that is written: credential and mark by construction, transparency where the format has it."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from watermark import (
    CLIP_SUFFIXES,
    Claim,
    ClipMarker,
    ClipWriter,
    CredentialState,
    MediaError,
    PayloadKind,
    SealError,
    TrustError,
    open_clip,
    read_credential_beside,
    read_media,
    read_provenance,
    seal,
    sign_unchanged,
    verify_file,
)
from watermark.media.clip_files import demuxed
from watermark.media.colour import parted_from_white
from watermark.media.encoding import encode_clip, encode_still
from watermark.media.palette import with_palette

TRANSPARENT = (".mov", ".webm", ".webp")


@pytest.fixture
def claim(payload):
    return Claim(payload, "clip", "facetrail test", "1.2.3")


@pytest.fixture
def marked(clip, payload, deployment):
    return ClipMarker.prepare(clip, payload, deployment.mark_key).mark(clip)


@pytest.fixture
def alpha(clip):
    """Return the alpha of a disc whose edge is soft."""
    y, x = np.mgrid[: clip.shape[1], : clip.shape[2]]
    disc = np.clip((118 - np.hypot(x - 128, y - 128)) / 8, 0, 1)
    return np.repeat((255 * disc).astype(np.uint8)[None], len(clip), 0)


def on_white(pixels, alpha):
    share = alpha[..., None] / 255
    return np.rint(pixels * share + 255 * (1 - share)).astype(np.uint8)


@pytest.mark.parametrize("suffix", CLIP_SUFFIXES)
def test_every_format_carries_credential_and_mark_and_any_change_shows(marked, claim, deployment, tmp_path, suffix):
    receipt = seal(marked, tmp_path / f"a{suffix}", claim, deployment, fps=25)
    found = read_provenance(receipt.path, deployment)
    assert (found.credential.state, found.credential.codes) == (CredentialState.TRUSTED, ())
    assert found.credential.source_type == "trainedAlgorithmicMedia"
    assert found.mark.ours and found.mark.id == claim.payload.hex
    assert (receipt.frames, receipt.fps) == (12, 25.0)
    assert (open_clip(receipt.path).frame_count, open_clip(receipt.path).fps) == (12, 25)
    content = bytearray(receipt.path.read_bytes())
    for place in (len(content) // 3, len(content) // 2, len(content) - 30):
        changed = content.copy()
        changed[place] ^= 1
        receipt.path.write_bytes(changed)
        assert read_provenance(receipt.path, deployment).credential.state is CredentialState.ALTERED, place


def test_a_webm_has_its_credential_beside_it(marked, claim, deployment, tmp_path):
    receipt = seal(marked, tmp_path / "a.webm", claim, deployment, fps=25)
    assert receipt.sidecar == tmp_path / "a.c2pa"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.c2pa", "a.webm"]
    beside = read_credential_beside(receipt.path, receipt.sidecar, deployment.trust)
    assert beside.state is CredentialState.TRUSTED
    assert verify_file(receipt.path, deployment).state is CredentialState.TRUSTED
    receipt.sidecar.unlink()
    found = read_provenance(receipt.path, deployment)
    assert found.credential.state is CredentialState.RECOVERED_BY_MARK
    with pytest.raises(TrustError):
        verify_file(receipt.path, deployment)


def test_a_webm_of_others_is_signed_beside_it(clip, deployment, tmp_path):
    encode_clip(clip, tmp_path / "a.webm", 25)
    receipt = sign_unchanged(tmp_path / "a.webm", tmp_path / "a.c2pa", PayloadKind.CAPTURED, deployment, sidecar=True)
    assert receipt.credential.state is CredentialState.TRUSTED
    assert verify_file(tmp_path / "a.webm", deployment).source_type == "digitalCapture"


def test_the_credential_of_another_file_is_not_replaced(marked, claim, deployment, tmp_path):
    (tmp_path / "a.c2pa").write_bytes(b"that of a.wav")
    with pytest.raises(SealError, match=r"would replace a\.c2pa"):
        seal(marked, tmp_path / "a.webm", claim, deployment, fps=25)
    assert (tmp_path / "a.c2pa").read_bytes() == b"that of a.wav"
    assert not (tmp_path / "a.webm").exists()


@pytest.mark.parametrize("suffix", TRANSPARENT)
def test_transparency_is_kept_and_the_mark_is_read_over_white(
    marked, alpha, claim, deployment, tmp_path, suffix
):  # fmt: skip
    shown = on_white(marked, alpha)
    receipt = seal(shown, tmp_path / f"a{suffix}", claim, deployment, fps=25, alpha=alpha)
    assert read_provenance(receipt.path, deployment).mark.ours
    assert np.abs(read_media(receipt.path).frames.astype(int) - shown).mean() < 3
    assert np.abs(alpha_of(receipt.path).astype(int) - alpha[0]).mean() < 1.5


def alpha_of(path: Path):
    if path.suffix == ".webp":
        return np.asarray(Image.open(path).convert("RGBA"))[..., 3]
    with demuxed(path) as file:
        if path.suffix == ".mov":
            return next(file.decode(video=0)).to_ndarray(format="rgba")[..., 3]
        decoder = av.CodecContext.create("libvpx-vp9", "r")  # the usual decoder of VP9 ignores alpha
        frames = (frame for packet in file.demux(video=0) for frame in decoder.decode(packet))
        return next(frames).to_ndarray(format="rgba")[..., 3]


@pytest.mark.parametrize("suffix", [".png", ".webp", ".avif", ".tif"])
def test_transparent_stills_keep_their_alpha(clip, alpha, tmp_path, suffix):
    shown = on_white(clip[0], alpha[0])
    encode_still(shown, tmp_path / f"a{suffix}", alpha=alpha[0])
    media = read_media(tmp_path / f"a{suffix}")
    assert np.abs(media.alpha.astype(int) - alpha[0]).max() <= (0 if suffix in (".png", ".tif") else 12)
    assert np.abs(media.frames[0].astype(int) - shown).mean() < 3


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_a_format_without_transparency_refuses_it(marked, alpha, claim, deployment, tmp_path, suffix):
    with pytest.raises(MediaError, match=r"use \.webp, \.mov or \.webm"):
        seal(marked, tmp_path / f"a{suffix}", claim, deployment, fps=25, alpha=alpha)
    assert list(tmp_path.iterdir()) == []


def test_what_is_parted_from_white_looks_the_same_over_white(clip, alpha):
    shown = on_white(clip, alpha)
    parted = parted_from_white(shown, alpha)
    assert np.array_equal(parted[..., 3], alpha)
    again = on_white(parted[..., :3].astype(float), alpha)
    assert np.abs(again.astype(int) - shown).max() <= 1
    assert (parted[alpha == 0][:, :3] == 255).all()


def test_a_still_clip_is_written_as_one_long_picture_and_counts_as_sealed(marked, claim, deployment, tmp_path):
    still = np.repeat(marked[:1], 12, 0)
    for suffix in (".webp", ".gif"):
        receipt = seal(still, tmp_path / f"a{suffix}", claim, deployment, fps=25)
        assert read_provenance(receipt.path, deployment).mark.ours, suffix


def test_more_frames_than_a_gif_can_show_are_refused(clip, tmp_path):
    with pytest.raises(MediaError, match=r"a frame rate of 60 .* between 0 and 50 .* name an \.mp4"):
        encode_clip(clip, tmp_path / "a.gif", 60)


def test_the_colours_of_a_gif_are_near_and_their_mean_is_kept(clip):
    numbers, palette = with_palette(clip[0])
    shown = palette[numbers][..., 1:]
    assert np.abs(shown.astype(int) - clip[0]).mean() < 6
    assert np.abs(shown.mean((0, 1)) - clip[0].mean((0, 1))).max() < 1


def test_frames_are_not_taken_before_the_block(claim, deployment, tmp_path, marked):
    writer = ClipWriter(tmp_path / "a.gif", claim, deployment, fps=25, height=256, width=256)
    with pytest.raises(SealError, match="inside"):
        writer.write(marked)
