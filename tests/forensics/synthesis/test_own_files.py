"""A corpus of own files, played by avatars whose faces the tracker knows."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from forensics.corpus import Label, Slice, Split, check_corpus, load_masks, segments_of
from forensics.errors import CorpusError, InputError, UsageError
from forensics.faces import Faces
from forensics.synthesis.filming import at_rest, film, find_truth, source_still
from forensics.synthesis.forgeries import warp_by_landmarks
from forensics.synthesis.generator_forger import open_forger
from forensics.synthesis.methods import OWN_METHODS
from forensics.synthesis.own.dealing import deal_people
from forensics.synthesis.own.inventory import list_files
from forensics.synthesis.own.making import OwnConfig, OwnCorpus, synthesize_own
from forensics.synthesis.own.reading import GRAIN, Limits, faces_of, fit
from generator import DriveSequence, FaceParams
from generator.avatars import Avatar, sample_avatar, sample_motion
from generator.trackers import NoFaceError
from watermark import Deployment, encode_clip, encode_still, file_hash, read_provenance, take_frames

PEOPLE = {"ada": sample_avatar(21, "cartoon"), "bo": sample_avatar(22, "flat")}
FRAMES = 3
STATEMENT = "the avatars are our own"


def moves(avatar: Avatar) -> DriveSequence:
    rest = at_rest(avatar)
    drive = sample_motion(np.random.default_rng(4), avatar.shape.values, FRAMES, 12.5, rest.camera)
    return replace(drive, residual=np.repeat(np.asarray(rest.residual)[None], FRAMES, 0))


class Knowing:
    """Tells the people apart by their pictures, and knows how they move."""

    name = "arkit"
    face_model = "arkit"

    def _of(self, image: np.ndarray) -> Avatar:
        far = {name: np.abs(image.astype(int) - source_still(one, 256)).mean() for name, one in PEOPLE.items()}
        if min(far.values()) > 40:
            raise NoFaceError("nobody is seen")
        return PEOPLE[min(far, key=lambda name: far[name])]

    def track_still(self, image: np.ndarray, **_: object) -> FaceParams:
        return at_rest(self._of(image))

    def track_clip(self, frames: np.ndarray, fps: float, **_: object) -> DriveSequence:
        return moves(self._of(frames[0]))


@dataclass(frozen=True)
class Own:
    folder: Path
    root: Path
    made: OwnCorpus


def synthesize_all(folder: Path, root: Path, deployment: Deployment, **changes: object) -> OwnCorpus:
    config = replace(OwnConfig(limits=Limits(FRAMES, 256)), **changes)  # type: ignore[arg-type]
    files = list_files(folder / "sources", folder / "drives", folder / "people.csv")
    forger = open_forger(deployment)
    return synthesize_own(root, files, config, forger, deployment, lambda _: STATEMENT, tracker=Knowing)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return own files: a still and a clip of each person, noise, and a file that is none."""
    folder = tmp_path_factory.mktemp("own")
    rows = ["file,person"]
    for part in ("sources", "drives"):
        (folder / part).mkdir()
    for name, avatar in PEOPLE.items():
        encode_still(source_still(avatar, 256), folder / "sources" / f"{name}-still.png")
        encode_clip(film(avatar, moves(avatar), 256).frames, folder / "drives" / f"{name}-clip.mp4", 12.5)
        rows += [f"{name}-still.png,{name}", f"drives/{name}-clip.mp4,{name}"]
    noise = np.random.default_rng(0).integers(0, 255, (256, 256, 3), dtype=np.uint8)
    encode_still(noise, folder / "sources" / "noise.png")
    (folder / "sources" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "people.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def own(folder: Path, tmp_path_factory: pytest.TempPathFactory, deployment: Deployment) -> Own:
    before = {path: file_hash(path) for path in folder.rglob("*.*")}
    root = tmp_path_factory.mktemp("forged") / "corpus"
    made = synthesize_all(folder, root, deployment)
    assert {path: file_hash(path) for path in folder.rglob("*.*")} == before
    return Own(folder, root, made)


@pytest.mark.slow
def test_every_forgery_of_the_toolkit_is_made_of_own_files(own: Own) -> None:
    forged = Counter(sample.method for sample in own.made.corpus.where(label=Label.FORGED))
    assert set(forged) == {"geometry", *OWN_METHODS} - {"reenactment"}
    assert forged["self-blend"] == 4 and forged["face-swap"] == forged["geometry"] == 2
    assert not [line for line in own.made.lines if line.happened == "failed"]
    assert len(own.made.corpus.where(slice=Slice.CONTROL)) == 4
    for sample in own.made.corpus.where(label=Label.FORGED):
        assert sample.original is not None and sample.region is not None and sample.seed is not None
        assert len(set(sample.identities)) == (OWN_METHODS[sample.method.replace("geometry", "reenactment")].people)


@pytest.mark.slow
def test_genuine_files_are_referred_to_and_the_corpus_has_no_fault(own: Own) -> None:
    for sample in own.made.corpus.where(label=Label.GENUINE, slice=Slice.MAIN):
        assert own.made.corpus.file(sample).parent.parent == own.folder.resolve()
        assert sample.mark_id is None
    found = {complaint.fault.value for complaint in check_corpus(own.made.corpus)}
    assert not found & {"leak", "missing", "changed"}


@pytest.mark.slow
def test_a_partial_swap_forges_the_frames_of_its_segment_alone(own: Own) -> None:
    sample = next(one for one in own.made.corpus.samples if one.method == "partial-swap")
    masks = load_masks(own.root / str(sample.mask))
    inside = masks.any((1, 2))
    assert 0 < inside.sum() < FRAMES
    assert sample.segments == segments_of(inside, 12.5)
    genuine = own.folder / "drives" / f"{sample.identities[1]}-clip.mp4"
    made, before = (list(take_frames(path, range(FRAMES))) for path in (own.made.corpus.file(sample), genuine))
    apart = [np.abs(one.astype(int) - other).mean() for one, other in zip(made, before, strict=True)]
    assert min(np.array(apart)[inside]) > max(np.array(apart)[~inside])


@pytest.mark.slow
def test_the_receipt_tells_what_happened_to_each_file_and_why(own: Own) -> None:
    with (own.root / "receipt.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {key: value for key, value in row.items()} for row in json.loads((own.root / "receipt.json").read_text())
    ]
    why = {row["file"]: row["why"] for row in rows if row["happened"] == "refused"}
    assert set(why) == {"sources/noise.png", "sources/broken.jpg"}
    assert "no face" in why["sources/noise.png"] and "cannot be read" in why["sources/broken.jpg"]
    still = [row for row in rows if row["file"] == "sources/ada-still.png"]
    assert {row["method"] for row in still if row["happened"] == "missing"} == {"mouth-edit", "eyes-edit"}


@pytest.mark.slow
def test_credentials_keep_the_statement_where_photographs_are_used(
    folder: Path, tmp_path: Path, deployment: Deployment
) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "may-use.txt").write_text(STATEMENT + "\n")
    made = synthesize_all(folder, tmp_path / "corpus", deployment, methods=("face-swap",), copied=True)
    swap = made.corpus.where(label=Label.FORGED)[0]
    assert STATEMENT.encode() in made.corpus.file(swap).read_bytes()
    assert read_provenance(made.corpus.file(swap), deployment).credential.state == "trusted"
    for sample in made.corpus.where(label=Label.GENUINE, slice=Slice.MAIN):
        assert made.corpus.file(sample).is_relative_to(tmp_path / "corpus")


@pytest.mark.slow
def test_a_second_run_makes_nothing_anew_and_another_recipe_is_refused(own: Own, deployment: Deployment) -> None:
    before = {path: path.stat().st_mtime_ns for path in (own.root / "media").rglob("*.*")}
    again = synthesize_all(own.folder, own.root, deployment)
    assert {path: path.stat().st_mtime_ns for path in (own.root / "media").rglob("*.*")} == before
    assert again.corpus.samples == own.made.corpus.samples
    with pytest.raises(CorpusError, match="another recipe"):
        synthesize_all(own.folder, own.root, deployment, seed=1)


def test_a_folder_without_a_usable_file_is_refused_with_a_receipt(tmp_path: Path, deployment: Deployment) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(b"nothing")
    files = list_files(tmp_path / "in", tmp_path / "in", None)
    with pytest.raises(CorpusError, match="none of 2 files can be used"):
        synthesize_own(
            tmp_path / "out", files, OwnConfig(), open_forger(deployment), deployment, lambda _: "", tracker=Knowing
        )
    assert "cannot be read" in (tmp_path / "out" / "receipt.csv").read_text()
    assert not (tmp_path / "out" / "manifest.jsonl").exists()


@pytest.mark.parametrize("count", [6, 7, 12, 40])
def test_people_are_dealt_once_and_at_least_two_to_each_split(count: int) -> None:
    people = [f"p{number}" for number in range(count)]
    dealt = deal_people(people * 3, seed=1)
    assert sorted(dealt) == sorted(people) and dealt == deal_people(people, seed=1)
    assert min(Counter(dealt.values()).values()) >= 2 and set(dealt.values()) == set(Split)


def test_few_people_are_all_for_testing() -> None:
    assert set(deal_people(["a", "b", "c"], 0).values()) == {Split.TEST}


def test_people_are_named_by_the_list_the_folder_or_the_file(tmp_path: Path) -> None:
    for name in ("s/zoe/1.png", "s/2.jpg", "d/3.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "people.csv").write_text("file,person\n3.mp4,zoe\n")
    files = list_files(tmp_path / "s", tmp_path / "d", tmp_path / "people.csv")
    assert {file.name: file.person for file in files} == {"2.jpg": "2", "zoe/1.png": "zoe", "3.mp4": "zoe"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,person\n", "has to be file,person"),
        ("file,person\n3.mp4\n", "row 2"),
        ("file,person\n9.mp4,x\n", "9.mp4"),
    ],
)
def test_a_list_of_people_that_is_none_is_refused_by_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "3.mp4").write_bytes(b"")
    (tmp_path / "people.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        list_files(tmp_path, tmp_path, tmp_path / "people.csv")


def test_frames_are_shrunk_and_cut_to_what_codecs_want() -> None:
    made = fit(np.zeros((2, 300, 700, 3), np.uint8), 384)
    assert made.shape == (2, 160, 384, 3) and made.shape[1] % GRAIN == made.shape[2] % GRAIN == 0


def test_tracked_landmarks_lie_where_the_avatar_shows_them() -> None:
    avatar = PEOPLE["ada"]
    drive = DriveSequence.still(at_rest(avatar), 25)
    np.testing.assert_allclose(faces_of(drive, 256, 256).landmarks, find_truth(avatar, drive, 256).landmarks, atol=0.05)


def test_a_warp_to_its_own_landmarks_changes_nothing() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (96, 96, 3), dtype=np.uint8)
    points = np.random.default_rng(1).uniform(20, 70, (68, 2)).astype(np.float32)
    faces = Faces(np.arange(1), np.zeros((1, 4), np.float32), points[None])
    assert np.abs(warp_by_landmarks(picture, points, faces).frames[0].astype(int) - picture).max() <= 2


def test_options_of_own_files_want_their_folders(
    facetrail: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, said = facetrail("corpus", "synthesize", "-o", tmp_path / "out", "--copy")
    assert code == 2 and "--copy is for own files" in said
    code, _, said = facetrail("corpus", "synthesize", "-o", tmp_path / "out", "--sources", tmp_path)
    assert code == 2 and "--drives" in said
    assert not (tmp_path / "out").exists()


def test_photographs_are_not_forged_without_a_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    from forensics.cli.commands.corpus_synthesize import _ask

    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(UsageError, match="--may-use"):
        _ask(3)
