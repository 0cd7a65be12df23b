from __future__ import annotations

import errno
import hashlib
import tracemalloc

import av
import numpy as np
import pytest

from watermark import (
    Claim,
    ClipMarker,
    ClipWriter,
    CredentialState,
    Deployment,
    MediaError,
    Payload,
    PayloadKind,
    SealError,
    TooSmallError,
    encode_clip,
    mark,
    open_clip,
    read_provenance,
    seal,
    seal_file,
)
from watermark.media.encoding import ClipEncoder


@pytest.fixture
def payload():
    """Return an id that no other test stores."""
    return Payload.random(np.random.default_rng(), PayloadKind.GENERATED)


@pytest.fixture
def claim(payload):
    return Claim(payload, "clip", "facetrail test", "1")


@pytest.fixture
def marked(clip, payload, deployment):
    return mark(clip, payload, deployment.mark_key)


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def with_sound(path, codec, seconds, *, layout="stereo", rate=44100, picture=None):
    """Write a clip of uniform pictures with a rising tone."""
    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", rate=25)
        video.width = video.height = 256
        audio = file.add_stream(codec, rate=rate, layout=layout)
        for index in range(round(seconds * 25)):
            still = np.full((256, 256, 3), 90, np.uint8) if picture is None else picture
            frame = av.VideoFrame.from_ndarray(np.roll(still, index, axis=1), format="rgb24")
            file.mux(video.encode(frame))
        file.mux(video.encode())
        channels = 1 if layout == "mono" else 2
        time = np.arange(round(seconds * rate)) / rate
        tone = (8000 * np.sin(2 * np.pi * (300 + 200 * time) * time)).astype(np.int16)
        samples = av.AudioFrame.from_ndarray(np.repeat(tone, channels)[None], format="s16", layout=layout)
        samples.sample_rate, samples.pts = rate, 0
        form = audio.codec_context.format.name
        for piece in av.AudioResampler(format=form, layout=layout, rate=rate).resample(samples):
            file.mux(audio.encode(piece))
        file.mux(audio.encode())


def sound_of(path):
    """Return codec, length in seconds, and digest of the sound packets."""
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        packets = [packet for packet in file.demux(stream) if packet.pts is not None]
        last = packets[-1]
        end = float((last.pts + last.duration) * last.time_base)
        digest = hashlib.sha256(b"".join(bytes(packet) for packet in packets)).hexdigest()
        return stream.codec_context.codec.canonical_name, end, digest


def test_pieces_give_the_clip_that_one_array_gives(out, marked, claim, deployment):
    whole = seal(marked, out / "whole.mp4", claim, deployment, fps=25)
    with ClipWriter(out / "pieces.mp4", claim, deployment, fps=25, height=256, width=256) as writer:
        for start in range(0, 12, 5):
            writer.write(marked[start : start + 5])
    receipt = writer.receipt
    assert (receipt.frames, receipt.fps, receipt.height, receipt.width) == (12, 25.0, 256, 256)
    assert set(receipt.seconds) == {"encode", "read_back", "sign"}
    pictures = [np.stack(list(open_clip(one.path).frames())) for one in (whole, receipt)]
    assert np.array_equal(*pictures)
    found = read_provenance(receipt.path, deployment)
    assert (found.credential.state, found.mark.id) == (CredentialState.TRUSTED, claim.payload.hex)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_clip(out, clip, claim, deployment):
    marker = ClipMarker.prepare(clip[:4], claim.payload, deployment.mark_key)
    chunk = marker.mark(clip[:8])
    peaks = []
    for pieces in (4, 24):
        tracemalloc.start()
        with ClipWriter(out / "a.mp4", claim, deployment, fps=25, height=256, width=256) as writer:
            for _ in range(pieces):
                writer.write(chunk)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert writer.receipt.frames == 192
    assert peaks[1] < peaks[0] + 4 * chunk.nbytes  # 20 pieces more


def test_an_unmarked_piece_stops_the_clip_and_leaves_nothing(out, marked, clip, claim, deployment):
    (out / "a.mp4").write_bytes(b"earlier")
    with (
        pytest.raises(SealError, match=r"a\.mp4: frame 12 reads no mark instead of generated [0-9a-f]{12}"),
        ClipWriter(out / "a.mp4", claim, deployment, fps=25, height=256, width=256) as writer,
    ):
        writer.write(marked)
        writer.write(clip)
    assert [path.name for path in out.iterdir()] == ["a.mp4"]
    assert (out / "a.mp4").read_bytes() == b"earlier"
    assert deployment.store.find(claim.payload.hex) == ()
    with pytest.raises(SealError, match=r"a\.mp4: is not sealed"):
        _ = writer.receipt


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError, OSError])
def test_an_error_of_the_caller_passes_through_and_leaves_nothing(out, marked, claim, deployment, failure):
    with (
        pytest.raises(failure, match="mine"),
        ClipWriter(out / "a.mp4", claim, deployment, fps=25, height=256, width=256) as writer,
    ):
        writer.write(marked)
        raise failure("mine")
    assert list(out.iterdir()) == []


def test_a_full_disk_is_one_clear_line(out, marked, claim, deployment, monkeypatch):
    def full(self, frames, alpha):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ClipEncoder, "write", full)
    with (
        pytest.raises(SealError, match=r"a\.mp4: cannot be written \(No space left on device\)"),
        ClipWriter(out / "a.mp4", claim, deployment, fps=25, height=256, width=256) as writer,
    ):
        writer.write(marked)
    assert list(out.iterdir()) == []


def test_no_frames_make_no_clip(out, claim, deployment):
    with (
        pytest.raises(SealError, match="got no frames"),
        ClipWriter(out / "a.mp4", claim, deployment, fps=25, height=256, width=256),
    ):
        pass
    assert list(out.iterdir()) == []


def test_what_does_not_fit_is_refused_before_anything_is_written(out, marked, claim, deployment):
    with pytest.raises(TooSmallError):
        ClipWriter(out / "a.mp4", claim, deployment, fps=25, height=64, width=256)
    with pytest.raises(MediaError, match=r"use one of \.mp4"):
        ClipWriter(out / "a.png", claim, deployment, fps=25, height=256, width=256)
    writer = ClipWriter(out / "a.mp4", claim, deployment, fps=25, height=200, width=256)
    with pytest.raises(SealError, match="`with` block"):
        writer.write(marked)
    with pytest.raises(MediaError, match="do not fit a clip of 256 × 200"), writer:
        writer.write(marked)
    assert list(out.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_sealing_a_file_keeps_its_sound_untouched(out, deployment, pictures, suffix):
    source = out / f"source{suffix}"
    with_sound(source, "aac", 1.2, picture=pictures["face"])
    receipt = seal_file(source, out / "sealed.mp4", PayloadKind.GENERATED, deployment)
    assert sound_of(receipt.path)[::2] == sound_of(source)[::2]
    assert receipt.credential.state is CredentialState.TRUSTED


@pytest.mark.slow
@pytest.mark.parametrize(("codec", "layout"), [("mp2", "stereo"), ("pcm_s16le", "mono")])
def test_a_codec_that_mp4_players_do_not_know_becomes_aac(out, deployment, pictures, codec, layout):
    source = out / "source.mkv"
    with_sound(source, codec, 1.2, layout=layout, picture=pictures["face"])
    receipt = seal_file(source, out / "sealed.mp4", PayloadKind.GENERATED, deployment)
    name, seconds, _ = sound_of(receipt.path)
    assert name == "aac"
    assert seconds == pytest.approx(1.2, abs=0.06)


def test_sound_is_cut_to_the_length_of_the_pictures(out, marked, claim, deployment):
    with_sound(out / "source.mp4", "aac", 4)
    with ClipWriter(
        out / "a.mp4", claim, deployment, fps=25, height=256, width=256, audio_from=out / "source.mp4"
    ) as writer:
        writer.write(marked)
    assert sound_of(out / "a.mp4")[1] == pytest.approx(12 / 25, abs=0.05)


def test_a_silent_source_gives_a_silent_clip(out, marked, clip, claim, deployment):
    encode_clip(clip, out / "source.mp4", 25)
    with ClipWriter(
        out / "a.mp4", claim, deployment, fps=25, height=256, width=256, audio_from=out / "source.mp4"
    ) as writer:
        writer.write(marked)
    assert not open_clip(out / "a.mp4").has_sound


def test_another_kind_than_claimed_is_refused(out, clip, deployment):
    claim = Claim(Payload(5, PayloadKind.GENERATED), "a", "facetrail test", "1")
    control = mark(clip, Payload(5, PayloadKind.CONTROL), deployment.mark_key)
    with (
        pytest.raises(SealError, match="reads control 000000000005 instead of generated"),
        ClipWriter(out / "a.mp4", claim, deployment, fps=25, height=256, width=256) as writer,
    ):
        writer.write(control)


def test_a_stranger_cannot_seal_our_marks(out, marked, claim, tmp_path):
    other = Deployment.open(tmp_path / "other")
    with (
        pytest.raises(SealError, match="reads no mark"),
        ClipWriter(out / "a.mp4", claim, other, fps=25, height=256, width=256) as writer,
    ):
        writer.write(marked)
