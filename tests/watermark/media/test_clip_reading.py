from __future__ import annotations

import functools
from fractions import Fraction

import av
import numpy as np
import pytest

from watermark import (
    Deployment,
    MediaError,
    Outcome,
    PayloadKind,
    encode_clip,
    encode_still,
    open_clip,
    read_media,
    read_provenance,
    seal_file,
    take_frames,
)
from watermark.media.frames import spread


def write_at(path, frames, times_ms):
    """Write frames with given times, like those of a phone or a screen recorder."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=1000, options={"g": "10", "crf": "1"})
        stream.width, stream.height, stream.time_base = frames.shape[2], frames.shape[1], Fraction(1, 1000)
        stream.codec_context.time_base = Fraction(1, 1000)
        for picture, time in zip(frames, times_ms, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


def alike(source, target):
    """Copy a Matroska file and set the time stamps of all of its frames to 0."""
    data = bytearray(source.read_bytes())
    cluster, at = data.index(b"\x1f\x43\xb6\x75"), 0
    end = data.rfind(b"\x1c\x53\xbb\x6b")  # the index of key frames follows the frames
    at = cluster + 4
    while (at := data.find(b"\xa3", at, end)) > 0:
        size = at + 1
        width = 9 - data[size].bit_length()
        length = int.from_bytes(data[size : size + width], "big") & ((1 << 7 * width) - 1)
        track = size + width
        assert data[track] == 0x81
        data[track + 1 : track + 3] = bytes(2)
        at = track + length
    target.write_bytes(data)


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
    assert reader.fps == 10
    frames = np.stack(list(reader.frames()))
    assert len(frames) == reader.frame_count == 17
    expected = [max(i for i, time in enumerate(times) if time <= n * 100) for n in range(17)]
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


def shown_at(times_ms, count, rate):
    """Return which frame a viewer sees at the middle of each step of a rate."""
    return [max(i for i, time in enumerate(times_ms) if time < (n + 0.5) * 1000 / rate) for n in range(count)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_lively_part_keeps_all_of_its_frames_and_a_slow_part_repeats_them(tmp_path, suffix):
    times = [*(round(i * 1000 / 30) for i in range(30)), *(1000 + 1000 * i for i in range(4))]
    write_at(tmp_path / f"a{suffix}", levels(34), times)
    reader = open_clip(tmp_path / f"a{suffix}")
    assert (reader.fps, reader.variable_rate, reader.frame_count) == (30, True, 121)
    found = numbers(np.stack(list(reader.frames())), 34)
    assert found[:30] == list(range(30))
    assert found == shown_at(times, 121, 30)


@pytest.mark.parametrize("missing", [[20], [12, 13, 14], [3, 25, 26, 30]])
def test_a_gap_does_not_change_the_rate(tmp_path, missing):
    shown = [i for i in range(40) if i not in missing]
    write_at(tmp_path / "a.mkv", levels(len(shown)), [i * 40 for i in shown])
    reader = open_clip(tmp_path / "a.mkv")
    assert (reader.fps, reader.variable_rate, reader.frame_count) == (25, True, 40)
    found = numbers(np.stack(list(reader.frames())), len(shown))
    assert [shown[number] for number in found] == [max(i for i in shown if i <= n) for n in range(40)]


def test_few_lively_frames_after_many_slow_ones_are_not_lost_either(tmp_path):
    times = [*(1000 * i for i in range(25)), *(25000 + 40 * i for i in range(10))]
    write_at(tmp_path / "a.mkv", levels(35), times)
    reader = open_clip(tmp_path / "a.mkv")
    assert reader.fps == 25
    assert set(numbers(np.stack(list(reader.frames())), 35)) == set(range(35))


@pytest.mark.parametrize("seed", range(3))
def test_no_frame_is_lost_where_no_two_durations_are_alike(tmp_path, seed):
    durations = np.random.default_rng(seed).integers(5, 300, 39)
    times = [0, *np.cumsum(durations).tolist()]
    write_at(tmp_path / "a.mkv", levels(40), times)
    reader = open_clip(tmp_path / "a.mkv")
    found = numbers(np.stack(list(reader.frames())), 40)
    assert len(found) == reader.frame_count
    assert sorted(set(found)) == list(range(40))
    late = [found.index(i) / float(reader.fps) - time / 1000 for i, time in enumerate(times)]
    assert min(late) * float(reader.fps) >= -0.5
    assert max(late) * float(reader.fps) < 1.5
    assert reader.frame_count / float(reader.fps) == pytest.approx(times[-1] / 1000, abs=2.5 / float(reader.fps))


def test_a_clip_whose_time_stamps_are_all_alike_is_read(tmp_path):
    write_at(tmp_path / "even.mkv", levels(12), [i * 40 for i in range(12)])
    alike(tmp_path / "even.mkv", tmp_path / "a.mkv")
    reader = open_clip(tmp_path / "a.mkv")
    assert (reader.timed, reader.frame_count, str(reader)) == (
        False,
        12,
        "a clip of 12 frames, 64 × 64 pixels, at no stated rate",
    )
    whole = np.stack(list(reader.frames()))
    assert numbers(whole, 12) == list(range(12))
    assert np.array_equal(reader.sample(4), whole[list(spread(12, 4))])
    assert np.array_equal(reader.take([11, 3, 3]), whole[[11, 3, 3]])
    assert np.array_equal(take_frames(tmp_path / "a.mkv", [7, 2]), whole[[7, 2]])
    media = read_media(tmp_path / "a.mkv")
    assert not media.timed
    assert np.array_equal(media.frames, whole)
    with pytest.raises(MediaError, match=r"a\.mkv: its time stamps tell no frame rate, which writing a clip needs"):
        _ = reader.written_rate


def test_reading_provenance_needs_no_rate_and_sealing_says_that_it_does(tmp_path):
    write_at(tmp_path / "even.mkv", levels(6, 256), [i * 40 for i in range(6)])
    alike(tmp_path / "even.mkv", tmp_path / "a.mkv")
    own = Deployment.open(tmp_path / "home")
    assert read_provenance(tmp_path / "a.mkv", own).outcome is Outcome.ABSENT
    with pytest.raises(MediaError, match=r"a\.mkv: its time stamps tell no frame rate"):
        seal_file(tmp_path / "a.mkv", tmp_path / "sealed.mp4", PayloadKind.GENERATED, own)
    assert not (tmp_path / "sealed.mp4").exists()


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
