from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch

from generator.avatars import avatar_head, avatar_landmarks, avatar_truth, sample_motion, sample_shape
from generator.errors import NoFaceError, TrainingError
from generator.face.face_params import DriveSequence
from generator.face.spatial_maps import MapRenderer
from generator.network.config import TOY_SD15
from generator.training import DataConfig, open_videos, recipe
from generator.training.data.clip import choose_stills, choose_window
from generator.training.data.examples import Share
from generator.training.data.track_cache import TrackCache, track_all
from generator.training.data.video_clips import Take, clip_framing, feature_labels, identity_of, split, within
from watermark import encode_clip
from watermark.media.files import UNFINISHED


def rng(seed=0):
    return np.random.default_rng(seed)


def test_a_source_is_far_from_its_targets_and_never_one_of_them():
    for seed in range(300):
        length = int(rng(seed).integers(2, 200))
        source, targets = choose_stills(length, 3, 30, 60, rng(seed))
        distance = np.abs(np.array(targets) - source)
        assert (distance > 0).all() and (distance <= 60).all() and max(targets) < length
        farthest = max(source, length - 1 - source)
        if min(source, 60) >= 33 or min(length - 1 - source, 60) >= 33:
            assert (distance >= 30).all() and len(set(targets)) == 3
        elif farthest < 30:
            assert distance.max() == farthest


def test_a_clip_of_two_frames_still_gives_pairs():
    for seed in range(20):
        source, (target,) = choose_stills(2, 1, 30, 240, rng(seed))
        assert {source, target} == {0, 1}


def test_a_window_is_evenly_spaced_within_the_clip_and_its_source_outside():
    for seed in range(200):
        length = int(rng(seed).integers(17, 120))
        source, targets = choose_window(length, 16, (1, 2, 4), rng(seed))
        steps = set(np.diff(targets).tolist())
        assert len(targets) == 16 and len(steps) == 1 and steps <= {1, 2, 4}
        assert targets[0] >= 0 and targets[-1] < length and source not in targets


def test_the_shares_of_processes_are_disjoint_and_complete_wherever_a_run_begins():
    parts = [[n for batch in Share(6, 5, 4, process, 3) for n in batch] for process in range(3)]
    assert sorted(number for part in parts for number in part) == list(range(24, 84))
    assert all(len(part) == len(Share(6, 5, 4, 0, 3)) * 4 for part in parts)


# Videos: shaded heads recorded in a wider picture, and a tracker that returns the true parameters.

FRAMES = 12


class KnowsTheTruth:
    """Find the clip that a picture is from; a grey picture shows no face."""

    name, face_model = "arkit", "arkit"

    def __init__(self, truths):
        self.truths, self.calls = truths, 0

    def track_clip(self, frames, fps, **_):
        self.calls += 1
        if frames.std() < 10:
            raise NoFaceError("no face in any frame")
        moments = [
            (motion, start, picture) for motion, pictures in self.truths for start, picture in enumerate(pictures)
        ]
        motion, start, _ = min(moments, key=lambda moment: np.abs(moment[2].astype(float) - frames[0]).mean())
        return motion.take(range(start, start + len(frames)))


def film(path, seed):
    """Write a clip of a shaded head, 192 x 128, and return its motion in the enclosing square."""
    motion = sample_motion(rng(seed), sample_shape(rng(seed)).values, FRAMES, camera=np.array([0.31, 0.5, 0.48]))
    draw = MapRenderer(avatar_head(), ("shaded",), 128, motion[0])
    pictures = np.stack([np.maximum(draw(motion[i])["shaded"], 60) for i in range(FRAMES)])
    wide = np.concatenate([np.full((FRAMES, 128, 64, 3), 90, np.uint8), pictures], 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    encode_clip(wide, path, 25, crf=4)
    camera = motion.camera * np.float32(128 / 192) + np.array([0, 64 / 192, 32 / 192], np.float32)
    return dataclasses.replace(motion, camera=camera), wide


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    names = ("id10001/abc/00001.mp4", "id10002/abc/00001.mp4", "id10003/abc/00001.mp4")
    truths = [film(folder / name, seed) for seed, name in enumerate(names)]
    blank = np.full((4, 64, 64, 3), 128, np.uint8)
    (folder / "id10004").mkdir()
    encode_clip(blank, folder / "id10004" / "blank.mp4", 25)
    (folder / "id10004" / "damaged.mp4").write_bytes((folder / names[0]).read_bytes()[:3000])
    (folder / "id10004" / "copy.mp4").write_bytes((folder / names[0]).read_bytes())
    return folder, truths


@pytest.fixture
def tracker(videos, monkeypatch):
    tracker = KnowsTheTruth(videos[1])
    monkeypatch.setattr("generator.training.data.data.load_tracker", lambda *_, **__: tracker)
    return tracker


def run(stage=1, **data):
    whole = recipe("sd15", stage)
    small = {"sources": 1, "targets": 2, "workers": 0, **data}
    return dataclasses.replace(whole, model=TOY_SD15, data=dataclasses.replace(whole.data, **small))


def open_set(folder, cache, stage=1, **data):
    return open_videos(folder, run(stage, **data), cache, lambda *_: None)


def test_what_could_not_be_used_is_counted_and_nothing_is_tracked_twice(videos, tracker, tmp_path):
    data = open_set(videos[0], tmp_path, holdout_identities=("id10002",), holdout_share=0.0)
    coverage = data.card["coverage"]
    assert (coverage["files"], coverage["unreadable"], coverage["no_face"], coverage["tracked"]) == (6, 1, 1, 4)
    assert coverage["frames"] == 4 * FRAMES
    assert data.card["holdout_identities"] == ["id10002"] and data.card["identities"] == 2
    before = tracker.calls
    again = open_set(videos[0], tmp_path, holdout_identities=("id10002",), holdout_share=0.0)
    assert tracker.calls == before and again.card == data.card
    assert not list(tmp_path.rglob(f"{UNFINISHED}*"))


def test_pictures_and_maps_of_a_video_fit_each_other(videos, tracker, tmp_path):
    data = open_set(videos[0], tmp_path, targets=3, apart=2, holdout_share=0.0)
    seen = set()
    for number in range(4):
        example = data.training[number]
        seen.add(example.identity)
        assert example.target.shape == (3, 3, 128, 128) and (example.labels == 2).any()
        shaded = example.maps["shaded"].float().flatten(1).clamp(min=60)
        for frame, drawn in zip(example.target.float().mean(1).flatten(1), shaded.view(3, 3, -1)[:, 0], strict=True):
            assert torch.corrcoef(torch.stack([frame, drawn]))[0, 1] > 0.97
    assert seen == {"id10001", "id10002", "id10003"}  # a copy of a file is the same clip


def test_held_out_identities_are_only_validated_on(videos, tracker, tmp_path):
    data = open_set(videos[0], tmp_path, holdout_identities=("id10002",), holdout_share=0.0, apart=1)
    assert {data.training[number].identity for number in range(6)} == {"id10001", "id10003"}
    assert {data.validation["identities"][number].identity for number in range(3)} == {"id10002"}
    with pytest.raises(TrainingError, match="names 'id9', which has no usable clip"):
        open_set(videos[0], tmp_path, holdout_identities=("id9",))


def test_long_videos_are_cut_into_pieces(videos, tracker, tmp_path):
    data = open_set(videos[0], tmp_path, piece=5, apart=1, holdout_share=0.0)
    assert data.card["coverage"]["pieces"] == 13 and data.card["clips"] == 9
    with pytest.raises(TrainingError, match="no clip of at least 14 frames with a face"):
        open_set(videos[0], tmp_path, stage=2, targets=13)


@pytest.mark.slow
def test_processes_track_different_videos_and_end_with_the_same_records(videos, tracker, tmp_path):
    import threading

    found = sorted(videos[0].rglob("*.mp4"))
    records = {}

    def work(process):
        cache = TrackCache(tmp_path, "arkit", 240)
        records[process] = track_all(found, cache, lambda: tracker, lambda *_: None, process, 2)

    threads = [threading.Thread(target=work, args=(process,)) for process in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert records[0] == records[1] and len(records[0]) == 6


def test_a_damaged_record_is_refused_by_name(videos, tracker, tmp_path):
    open_set(videos[0], tmp_path)
    record = next((tmp_path / "arkit-240").glob("*.json"))
    record.write_text("{}")
    with pytest.raises(TrainingError, match=rf"{record.name}.*delete it to track anew"):
        open_set(videos[0], tmp_path)


@pytest.mark.parametrize(
    ("path", "identity"),
    [("dev/mp4/id10012/abc/00001.mp4", "id10012"), ("anna/one.mp4", "anna"), ("one.mp4", "one")],
)
def test_identities_follow_from_paths(tmp_path, path, identity):
    assert identity_of((tmp_path / path).relative_to(tmp_path)) == identity


def test_a_share_of_identities_is_held_out_by_their_names_and_at_least_one(tmp_path):
    def takes(count):
        return [Take(tmp_path, f"id{n:05d}", None, tmp_path, 1, 1) for n in range(count)]

    train, held = split(takes(1000), DataConfig(holdout_share=0.1))
    assert 70 < len({t.identity for t in held}) < 130 and len(train) + len(held) == 1000
    fewer = {t.identity for t in split(takes(500), DataConfig(holdout_share=0.1))[1]}
    assert fewer < {t.identity for t in held}
    assert len(split(takes(3), DataConfig(holdout_share=1e-6))[1]) == 1
    assert split(takes(3), DataConfig(holdout_share=0.0))[1] == []


def test_all_frames_of_a_clip_share_one_crop_and_the_face_stays_on_its_pixels(tmp_path):
    motion = sample_motion(rng(2), sample_shape(rng(2)).values, 6, camera=np.array([0.31, 0.5, 0.5]))
    small = dataclasses.replace(motion, camera=motion.camera * np.float32([0.4, 1, 1]))
    take = Take(tmp_path, "a", None, tmp_path, 480, 640)
    framing = clip_framing(take, small, 128)
    moved = within(small, framing, 480, 640)
    assert 0.27 < np.median(moved.camera[:, 0]) < 0.37
    # A point of the head in the whole frame is mapped to the position that the crop's matrix gives.
    frame = small.camera[:, 1:] * 640 - np.array([0, 80])
    there = (frame - 0.5) @ framing.matrix()[:, :2].T + framing.matrix()[:, 2] + 0.5
    np.testing.assert_allclose(moved.camera[:, 1:] * 128, there, atol=1e-3)


def test_labels_of_videos_lie_on_eyes_and_mouth(avatar, face):
    truth = avatar_truth(avatar, face, 128)
    masks, (points, _) = truth.masks(), avatar_landmarks(avatar, face, truth)
    labels = feature_labels(avatar_head(), face, 128)
    eyes = masks["left_eye"] | masks["right_eye"] | masks["left_iris"] | masks["right_iris"]
    assert eyes.sum() > 30 and (labels[eyes] == 2).mean() > 0.6
    mouth = np.argwhere(labels == 3).mean(0)
    np.testing.assert_allclose(mouth, points[[0, 17, 61, 291]].mean(0)[::-1], atol=4)


def test_data_that_cannot_be_used_is_refused_in_one_line(tmp_path, tracker):
    with pytest.raises(TrainingError, match="no such folder; name a folder of videos, or 'avatars'"):
        open_set(tmp_path / "none", tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match="holds no video"):
        open_set(tmp_path / "empty", tmp_path)
    flame = dataclasses.replace(run(), model=dataclasses.replace(TOY_SD15, face_model="flame", expression_inputs=57))
    with pytest.raises(TrainingError, match="reads arkit parameters and the model wants flame"):
        open_videos(tmp_path, flame, tmp_path, lambda *_: None)


def test_motions_in_the_cache_are_safe_archives(videos, tracker, tmp_path):
    open_set(videos[0], tmp_path)
    motions = list(tmp_path.rglob("*.npz"))
    assert len(motions) == 3 and all(len(DriveSequence.load(path)) == FRAMES for path in motions)
    assert json.loads(next(tmp_path.rglob("*.json")).read_text())["digest"]
