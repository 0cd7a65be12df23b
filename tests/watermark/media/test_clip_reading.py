from __future__ import annotations

import functools
from fractions import Fraction

import av
import numpy as np
import pytest

from watermark import MediaError, encode_clip, encode_still, open_clip, read_media, take_frames
from watermark.media.frames import spread


def write_at(path, frames, times_ms):
    """Write frames with given times, like those of a phone or a screen recorder."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=1000, options={"g": "10", "crf": "10"})
        stream.width, stream.height, stream.time_base = frames.shape[2], frames.shape[1], Fraction(1, 1000)
        stream.codec_context.time_base = Fraction(1, 1000)
        for picture, time in zip(frames, times_ms, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


def levels(count, size=64):
    """Return frames that encode their number in their brightness."""
    return np.stack([np.full((size, size, 3), 20 + 200 * i // count, np.uint8) for i in range(count)])


def numbers(frames, count):
    return np.rint((frames.mean(axis=(1, 2, 3)) - 20) * count / 200).astype(int).tolist()


def test_chunks_are_the_clip_in_order_and_never_larger_than_asked(tmp_path, clip):
    encode_clip(clip, tmp_path / "a.mp4", 25)
    reader = open_clip(tmp_path / "a.mp4")
    assert (reader.fps, reader.frame_count, reader.height, reader.width) == (25, 12, 256, 256)
    assert (reader.variable_rate, reader.has_sound) == (False, False)
    chunks = list(reader.chunks(5))
    assert [len(chunk) for chunk in chunks] == [5, 5, 2]
    assert np.array_equal(np.concatenate(chunks), read_media(tmp_path / "a.mp4").frames)


@pytest.mark.parametrize("limit", [1, 2, 7, 16, 500])
def test_a_sample_is_what_a_whole_reading_would_pick(tmp_path, limit):
    encode_clip(levels(120), tmp_path / "a.mp4", 10)
    reader = open_clip(tmp_path / "a.mp4")
    whole = np.stack(list(reader.frames()))
    picked = [0] if limit == 1 else list(spread(120, limit))
    assert np.array_equal(reader.sample(limit), whole[picked])


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_frames_that_are_not_evenly_spaced_are_resampled_and_said_so(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    times = [0, 100, 200, 300, 400, 800, 1200, 1600]  # 10 a second, then 2.5 a second
    write_at(path, levels(8), times)
    reader = open_clip(path)
    assert reader.variable_rate
    assert float(reader.fps) == pytest.approx(7 / 1.6, abs=0.01)
    frames = np.stack(list(reader.frames()))
    assert len(frames) == reader.frame_count == 8
    step = 1 / float(reader.fps)
    expected = [max(i for i, time in enumerate(times) if time / 1000 <= (n + 0.5) * step) for n in range(8)]
    assert numbers(frames, 8) == expected
    assert read_media(path).variable_rate


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("indices", [[0], [3, 0, 3], [29, 4, 17], list(range(30))])
def test_frames_are_taken_by_number_in_the_order_asked_for_in_one_opening_or_two(tmp_path, indices, even):
    path = tmp_path / "a.mkv"
    write_at(path, levels(30), [i * 40 if even else i * 40 + 700 * (i > 20) for i in range(30)])
    reader = open_clip(path)
    assert reader.variable_rate is not even
    expected = np.stack(list(reader.frames()))[indices]
    assert np.array_equal(reader.take(indices), expected)
    assert np.array_equal(take_frames(path, indices), expected)


@pytest.mark.parametrize("indices", [[], [-1], [0, 30]])
def test_a_frame_that_is_not_there_is_not_taken(tmp_path, indices):
    write_at(tmp_path / "a.mkv", levels(30), [i * 40 for i in range(30)])
    for take in (open_clip(tmp_path / "a.mkv").take, functools.partial(take_frames, tmp_path / "a.mkv")):
        with pytest.raises(IndexError, match=r"a\.mkv: has frames 0 to 29"):
            take(indices)


def test_small_unevenness_is_no_variable_rate(tmp_path):
    write_at(tmp_path / "a.mkv", levels(30), [round(i * 1000 / 29.97) for i in range(30)])
    reader = open_clip(tmp_path / "a.mkv")
    assert not reader.variable_rate
    assert numbers(np.stack(list(reader.frames())), 30) == list(range(30))


def test_a_still_is_no_clip(tmp_path, pictures):
    encode_still(pictures["cat"], tmp_path / "a.png")
    with pytest.raises(MediaError, match=r"a\.png: is PNG, not a clip; read it with read_media"):
        open_clip(tmp_path / "a.png")


def test_a_clip_that_changes_its_size_is_refused(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mjpeg", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuvj420p"
        for size in (64, 64, 96):
            frame = av.VideoFrame.from_ndarray(levels(1, size)[0], format="rgb24").reformat(format="yuvj420p")
            coder = av.CodecContext.create("mjpeg", "w")
            coder.width = coder.height = size
            coder.pix_fmt, coder.time_base = "yuvj420p", Fraction(1, 10)
            frame.pts = None
            for packet in coder.encode(frame):
                packet.stream = stream
                packet.pts = packet.dts = size
                file.mux(packet)
    with pytest.raises(MediaError, match=r"a\.mkv: changes its size from 64 × 64 to 96 × 96"):
        list(open_clip(path).frames())
