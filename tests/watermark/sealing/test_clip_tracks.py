"""What a sealed clip keeps beside its pictures, in MP4, MOV, WebM and fragments."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from watermark import (
    CredentialState,
    MediaError,
    PayloadKind,
    SealError,
    encode_clip,
    open_clip,
    read_credential_beside,
    read_provenance,
    seal_file,
    sign_unchanged,
    update_credential,
)
from watermark.credential.credential import read_credential


def _packets(text: str, place: int, stream: av.SubtitleStream) -> av.Packet:
    packet = av.Packet(len(text).to_bytes(2, "big") + text.encode())
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts = packet.dts = place * 200
    packet.duration = 150
    return packet


@pytest.fixture(scope="module")
def film(tmp_path_factory, clip):
    """An MP4 with two sound tracks, subtitles, chapters and descriptions."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25, options={"threads": "1"})
        video.width, video.height, video.pix_fmt = 256, 256, "yuv420p"
        sounds = [out.add_stream("aac", rate=48000, layout="mono") for _ in range(2)]
        for sound, language in zip(sounds, ("eng", "fra"), strict=True):
            sound.metadata["language"] = language
        words = out.add_stream("mov_text")
        words.codec_context.subtitle_header = b"[Script Info]\n\n[V4+ Styles]\nFormat: Name\nStyle: Default\n"
        out.metadata.update({"title": "A film", "artist": "Ann"})
        unit = Fraction(1, 1000)
        out.set_chapters(
            [
                {"id": 1, "start": 0, "end": 200, "time_base": unit, "metadata": {"title": "One"}},
                {"id": 2, "start": 200, "end": 480, "time_base": unit, "metadata": {"title": "Two"}},
            ]
        )
        for picture in clip:
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(video.encode())
        for sound, pitch in zip(sounds, (20, 40), strict=True):
            for start in range(0, 24000, 1024):
                wave = np.sin(np.arange(start, start + 1024) / pitch)[None].astype(np.float32) / 4
                frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
                frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
                out.mux(sound.encode(frame))
            out.mux(sound.encode())
        for place, text in enumerate(("hello", "world")):
            out.mux(_packets(text, place, words))
    return path


def _sound_bytes(path, number):
    with av.open(str(path)) as file:
        return b"".join(bytes(packet) for packet in file.demux(file.streams.audio[number]))


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_every_track_chapter_and_description_is_kept(film, suffix, deployment, tmp_path):
    out = tmp_path / f"out{suffix}"
    receipt = seal_file(film, out, PayloadKind.CAPTURED, deployment)
    assert receipt.lost == ()
    for number in range(2):
        assert _sound_bytes(out, number)[:2000] == _sound_bytes(film, number)[:2000]
    with av.open(str(out)) as file:
        assert file.streams.audio[0].metadata.get("language") == "eng"
        texts = [bytes(packet)[2:] for packet in file.demux(file.streams.subtitles[0])]
        assert [text for text in texts if text] == [b"hello", b"world"]
        assert [one["metadata"]["title"] for one in file.chapters()] == ["One", "Two"]
        assert (file.metadata["title"], file.metadata["artist"]) == ("A film", "Ann")
        assert file.streams.video[0].frames == 12
    assert read_provenance(out, deployment).mark.id == receipt.payload.hex


def test_a_webm_has_its_credential_beside_it_and_names_what_it_lost(film, deployment, tmp_path):
    out = tmp_path / "out.webm"
    receipt = seal_file(film, out, PayloadKind.CAPTURED, deployment)
    assert (receipt.sidecar, receipt.lost) == (tmp_path / "out.c2pa", ("subtitles (1)",))
    with av.open(str(out)) as file:
        assert [one.codec_context.name for one in file.streams] == ["vp9", "opus", "opus"]
        assert len(file.chapters()) == 2
    assert read_credential_beside(out, receipt.sidecar, deployment.trust).state is CredentialState.TRUSTED
    assert read_provenance(out, deployment).mark.id == receipt.payload.hex
    changed = bytearray(out.read_bytes())
    changed[len(changed) // 2] ^= 1
    (tmp_path / "changed.webm").write_bytes(changed)
    beside = read_credential_beside(tmp_path / "changed.webm", receipt.sidecar, deployment.trust)
    assert beside.state is CredentialState.ALTERED


def test_a_credential_that_lies_there_already_is_not_replaced_unasked(film, deployment, tmp_path):
    (tmp_path / "out.c2pa").write_text("somebody else's")
    with pytest.raises(SealError, match="is there already"):
        seal_file(film, tmp_path / "out.webm", PayloadKind.CAPTURED, deployment)
    assert (tmp_path / "out.c2pa").read_text() == "somebody else's"
    assert not (tmp_path / "out.webm").exists()
    seal_file(film, tmp_path / "out.webm", PayloadKind.CAPTURED, deployment, force=True)
    beside = read_credential_beside(tmp_path / "out.webm", tmp_path / "out.c2pa", deployment.trust)
    assert beside.state is CredentialState.TRUSTED


def test_a_fragmented_clip_is_signed_whole(film, deployment, tmp_path):
    out = tmp_path / "out.mp4"
    receipt = seal_file(film, out, PayloadKind.CAPTURED, deployment, fragmented=True)
    content = out.read_bytes()
    assert content.count(b"moof") >= 1
    assert read_provenance(out, deployment).mark.id == receipt.payload.hex
    place = content.index(b"mdat") + 400
    (tmp_path / "changed.mp4").write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    altered = read_credential(tmp_path / "changed.mp4", deployment.trust, deployment.store)
    assert altered.state is CredentialState.ALTERED


def test_a_webm_of_ones_own_is_signed_by_a_sidecar(film, deployment, tmp_path):
    seal_file(film, tmp_path / "made.webm", PayloadKind.CAPTURED, deployment)
    (tmp_path / "plain.webm").write_bytes((tmp_path / "made.webm").read_bytes())
    beside = tmp_path / "plain.c2pa"
    sign_unchanged(tmp_path / "plain.webm", beside, PayloadKind.EDITED, deployment, sidecar=True)
    assert read_credential_beside(tmp_path / "plain.webm", beside, deployment.trust).state is CredentialState.TRUSTED
    with pytest.raises(MediaError, match="--sidecar"):
        sign_unchanged(tmp_path / "plain.webm", tmp_path / "o.webm", PayloadKind.EDITED, deployment)


@pytest.mark.parametrize("suffix", [".webm", ".webp", ".gif"])
def test_only_mp4_and_mov_are_written_in_fragments(film, deployment, tmp_path, suffix):
    with pytest.raises(MediaError, match=rf"a \{suffix} file is not written in fragments; use \.mp4 or \.mov"):
        seal_file(film, tmp_path / f"out{suffix}", PayloadKind.CAPTURED, deployment, fragmented=True)
    assert list(tmp_path.iterdir()) == []


def test_a_format_of_pictures_alone_names_everything_it_lost(film, deployment, tmp_path):
    receipt = seal_file(film, tmp_path / "out.gif", PayloadKind.CAPTURED, deployment)
    lost = ("sound tracks (2)", "subtitles (1)", "chapters (2)", "descriptions (artist, title)")
    assert receipt.lost == lost
    assert read_provenance(tmp_path / "out.gif", deployment).mark.id == receipt.payload.hex


def test_an_animation_becomes_an_mp4(film, deployment, tmp_path):
    for suffix in (".gif", ".webp"):
        encode_clip(open_clip(film).first(4), tmp_path / f"source{suffix}", 25)
        receipt = seal_file(tmp_path / f"source{suffix}", tmp_path / "out.mp4", PayloadKind.CAPTURED, deployment)
        assert (receipt.frames, receipt.lost) == (4, ())


def test_a_credential_beside_a_webm_is_not_updated_in_place(film, deployment, tmp_path):
    seal_file(film, tmp_path / "a.webm", PayloadKind.CAPTURED, deployment)
    with pytest.raises(MediaError, match="has its credential beside it"):
        update_credential(tmp_path / "a.webm", tmp_path / "b.webm", deployment, redact=["cawg.training-mining"])
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.c2pa", "a.webm"]
