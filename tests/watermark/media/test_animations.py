"""Animated GIF and WebP are read like clips, and their stills like pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from watermark import MediaError, PayloadKind, open_clip, read_media, read_provenance, seal_file
from watermark.media.animations import is_moving
from watermark.media.containers import sniff


def animation(path, frames, durations):
    first, *others = (Image.fromarray(frame) for frame in frames)
    first.save(path, save_all=True, append_images=others, duration=durations, loop=0)
    return path


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_is_read_as_a_clip(clip, tmp_path, suffix):
    path = animation(tmp_path / f"a{suffix}", clip, 40)
    reader, media = open_clip(path), read_media(path)
    assert is_moving(path, sniff(path))
    assert (reader.frame_count, reader.fps, reader.variable_rate) == (12, 25, False)
    assert (reader.height, reader.width, reader.has_sound) == (256, 256, False)
    assert np.abs(media.frames.astype(int) - clip).mean() < 6
    for picked in ([0], [11, 3, 7, 3]):
        assert np.array_equal(reader.take(picked), media.frames[picked])
    assert np.array_equal(reader.sample(3), media.frames[[0, 5, 11]])


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_frames_that_are_shown_longer_are_repeated(clip, tmp_path, suffix):
    reader = open_clip(animation(tmp_path / f"a{suffix}", clip[:4], [40, 80, 40, 40]))
    assert (reader.frame_count, reader.fps, reader.variable_rate) == (5, 25, True)
    shown = list(reader.frames())
    assert np.array_equal(shown[1], shown[2])


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_a_still_is_a_picture(clip, tmp_path, suffix):
    Image.fromarray(clip[0]).save(tmp_path / f"a{suffix}")
    media = read_media(tmp_path / f"a{suffix}")
    assert (media.fps, len(media.frames)) == (None, 1)
    with pytest.raises(MediaError, match="not a clip"):
        open_clip(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_cut_off_animation_is_refused_by_name(clip, tmp_path, suffix, share):
    path = animation(tmp_path / f"a{suffix}", clip, 40)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(MediaError, match=rf"a\{suffix}: is .*truncated"):
        read_media(path)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_is_sealed_as_a_clip(clip, tmp_path, deployment, suffix):
    path = animation(tmp_path / f"a{suffix}", clip, 40)
    receipt = seal_file(path, tmp_path / "sealed.webp", PayloadKind.CONTROL, deployment)
    assert (receipt.frames, receipt.fps) == (12, 25.0)
    assert read_provenance(receipt.path, deployment).mark.ours


def test_a_transparent_animation_is_shown_over_white(clip, tmp_path):
    clear = np.dstack([clip[0], np.zeros(clip.shape[1:3], np.uint8)])
    animation(tmp_path / "a.webp", [clear, np.dstack([clip[1], np.full(clip.shape[1:3], 255, np.uint8)])], 40)
    reader = open_clip(tmp_path / "a.webp")
    assert reader.flattened
    assert (next(reader.frames()) == 255).all()
