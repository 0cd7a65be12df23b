"""Data sets whose videos are altered in periods, on made folders in their published layout."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from forensics.corpus import Corpus, Label, Sample, Split, altered_frames, runs_of, segments_of, true_segments
from forensics.corpus.importers import Entry, find_layout, import_corpus
from forensics.corpus.importers.periods import periods_of
from forensics.errors import CorpusError

Put = Callable[[Path], Path]


def lav_video(file: str, *, video: bool = False, audio: bool = False, **changes: object) -> dict[str, object]:
    """Return an entry of LAV-DF's list."""
    altered = video or audio
    about: dict[str, object] = {
        "file": file, "n_fakes": int(altered), "fake_periods": [[0.04, 0.12]] if altered else [], "duration": 0.2,
        "original": file.replace("1.mp4", "0.mp4") if altered else None, "modify_video": video,
        "modify_audio": audio, "split": file.split("/")[0], "video_frames": 5, "audio_channels": 1,
        "audio_frames": 3200,
    }  # fmt: skip
    return about | changes


@pytest.fixture
def lav_df(tmp_path: Path, put_clip: Put) -> Path:
    root, listed = tmp_path / "LAV-DF", []
    for split in ("train", "dev", "test"):
        listed += [lav_video(f"{split}/{n}0000{n}0.mp4") for n in (1, 2)]
        listed += [lav_video(f"{split}/100001.mp4", video=True, original=f"{split}/1000010.mp4")]
        listed += [lav_video(f"{split}/200001.mp4", video=True, audio=True, original=f"{split}/2000020.mp4")]
        listed += [lav_video(f"{split}/300001.mp4", audio=True)]
    for about in listed:
        put_clip(root / str(about["file"]))
    listed.append(lav_video("test/900000.mp4"))
    (root / "metadata.min.json").write_text(json.dumps(listed))
    return root


def test_lav_df_is_recognised_and_its_periods_and_splits_are_read(lav_df: Path) -> None:
    layout = find_layout("auto", lav_df)
    assert layout.name == "lav-df"
    listing = layout.read(lav_df)
    entries: dict[str, Entry] = {entry.path: entry for entry in listing.entries}
    assert len(entries) == 12 and listing.absent == ("test/900000.mp4",)
    forged, genuine = entries["dev/100001.mp4"], entries["dev/1000010.mp4"]
    assert (forged.label, forged.method, forged.split) == (Label.FORGED, "visual_modified", Split.VAL)
    assert forged.segments == ((0.04, 0.12),) and forged.original == genuine.source
    assert (genuine.label, genuine.segments) == (Label.GENUINE, ())
    assert entries["test/200001.mp4"].method == "both_modified"
    assert any(note.startswith("3 videos whose sound alone was altered were left out") for note in listing.notes)


def test_an_imported_lav_df_keeps_its_segments_and_nobody_in_two_splits(lav_df: Path, tmp_path: Path) -> None:
    _, done = import_corpus(lav_df, tmp_path / "corpus")
    assert done.split == "official"
    corpus = Corpus.load(tmp_path / "corpus")
    segments = {sample.segments for sample in corpus.where(label=Label.FORGED)}
    assert segments == {((0.04, 0.12),)}
    assert {len(corpus.where(split=split)) for split in Split} == {4}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fake_periods": [[0.5]]}, "expected start and end in seconds"),
        ({"fake_periods": [[0.5, 0.2]]}, "ends before it starts"),
        ({"fake_periods": None}, "has no list 'fake_periods'"),
        ({"modify_video": "yes"}, "does not say modify_video"),
        ({"split": "holdout"}, "stands in split 'holdout'"),
    ],
)
def test_a_damaged_entry_of_lav_df_is_refused_by_name(lav_df: Path, change: dict[str, object], message: str) -> None:
    about = lav_video("train/100001.mp4", video=True) | change
    (lav_df / "metadata.min.json").write_text(json.dumps([about]))
    with pytest.raises(CorpusError, match=message) as caught:
        find_layout("lav-df", lav_df).read(lav_df)
    assert "metadata.min.json" in str(caught.value) and "train/100001.mp4" in str(caught.value)


@pytest.fixture
def av_deepfake1m(tmp_path: Path, put_clip: Put) -> Path:
    root = tmp_path / "AV-Deepfake1M"
    for part, people in (("train", ("id00012", "id00013", "id00014", "id00015")), ("val", ("id00022", "id00023"))):
        listed: list[dict[str, object]] = []
        for person in people:
            clip = f"{person}/21Uxsk56VDQ/00001"
            for name, kind, seen, heard in (
                ("real", "real", [], []),
                ("fake_video_real_audio", "visual_modified", [[0.04, 0.08], [0.08, 0.12]], []),
                ("fake_video_fake_audio", "both_modified", [[0.08, 0.16]], [[0.04, 0.16]]),
                ("real_video_fake_audio", "audio_modified", [[0.04, 0.08]], [[0.04, 0.08]]),
            ):
                put_clip(root / part / clip / f"{name}.mp4")
                listed.append({
                    "file": f"{clip}/{name}.mp4", "split": part, "modify_type": kind, "audio_model": None,
                    "original": f"{clip}/real.mp4" if kind != "real" else "dev/mp4/x.mp4",
                    "fake_segments": heard or seen, "visual_fake_segments": seen, "audio_fake_segments": heard,
                    "video_frames": 5, "audio_frames": 3200,
                })  # fmt: skip
        (root / f"{part}_metadata.json").write_text(json.dumps(listed))
    return root


def test_av_deepfake1m_gives_what_is_seen_and_not_what_is_heard(av_deepfake1m: Path, tmp_path: Path) -> None:
    assert find_layout("auto", av_deepfake1m).name == "av-deepfake1m"
    corpus, done = import_corpus(av_deepfake1m, tmp_path / "corpus")
    forged = {(sample.identities, sample.method): sample for sample in corpus.where(label=Label.FORGED)}
    assert len(forged) == 12 and len(corpus.samples) == 18
    seen = forged[("voxceleb2-id00012",), "visual_modified"]
    both = forged[("voxceleb2-id00022",), "both_modified"]
    assert seen.segments == ((0.04, 0.12),) and both.segments == ((0.08, 0.16),)
    assert both.split is Split.TEST
    genuine = next(one for one in corpus.where(label=Label.GENUINE) if one.identities == seen.identities)
    assert seen.pair == genuine.source_id and genuine.segments == ()
    assert any("val is taken for testing" in note for note in done.notes)
    assert any(note.startswith("6 videos whose sound alone") for note in done.notes)


def test_periods_that_touch_are_one_and_empty_ones_are_none() -> None:
    about: dict[str, object] = {"file": "a.mp4", "p": [[2.0, 3.0], [-0.1, 1.0], [0.5, 1.5], [4.0, 4.0]]}
    assert periods_of(about, "p", Path("list.json")) == ((0.0, 1.5), (2.0, 3.0))


def sample(**changes: object) -> Sample:
    plain = Sample(
        id="a", path="a.mp4", sha256="0", label=Label.FORGED, method="m", split=Split.TEST, identities=("p",),
        source_id="p", drive_id="p", style="", slice="main", seed=None, frames=10, fps=5.0, width=8, height=8,
        mark_id=None, landmarks=None, landmarks_sha256=None,
    )  # type: ignore[arg-type]  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_segments_are_kept_in_the_manifest_and_only_where_there_are_some() -> None:
    parts = sample(segments=((0.2, 0.6), (1.0, 2.0)))
    assert Sample.from_json(parts.to_json()) == replace(parts, slice=Sample.from_json(parts.to_json()).slice)
    assert "segments" not in sample().to_json()


@pytest.mark.parametrize(
    "changes",
    [
        {"segments": ((0.6, 0.2),)},
        {"segments": ((0.2, 0.6), (0.5, 1.0))},
        {"segments": ((-0.2, 0.6),)},
        {"segments": ((0.2, 0.6),), "label": Label.GENUINE},
        {"segments": ((0.2, 0.6),), "fps": None},
    ],
)
def test_impossible_segments_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(CorpusError, match="sample a: "):
        sample(**changes)


def test_frames_and_seconds_are_two_ways_to_say_the_same() -> None:
    flags = [False, True, True, False, False, False, False, True, True, True]
    assert runs_of(flags) == [(1, 3), (7, 10)]
    parts = sample(segments=segments_of(flags, 5.0))
    assert parts.segments == ((1 / 5, 3 / 5), (7 / 5, 10 / 5))
    assert altered_frames(parts) == (1, 2, 7, 8, 9)
    assert altered_frames(sample(segments=((0.25, 0.3),))) == (1,)
    assert altered_frames(sample()) is None
    assert true_segments(sample()) == ((0.0, 2.0),)
    assert true_segments(sample(label=Label.GENUINE)) == ()
