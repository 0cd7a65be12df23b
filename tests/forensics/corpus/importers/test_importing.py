from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics import cli
from forensics.corpus import Corpus, Label, Slice, Split
from forensics.corpus.checks.check import find_leaks
from forensics.corpus.importers.importing import import_corpus
from forensics.corpus.importers.official_splits import Rule
from forensics.errors import CorpusError


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    source = tmp_path / "source"
    for number in range(8):
        for name in (f"0_real/{number:03d}.png", f"1_fake/{number:03d}_{(number ^ 1):03d}.png"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(source / name)
    return source


def test_files_stay_where_they_are_and_are_found_through_the_manifest(folders: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folders.rglob("*")}
    made, done = import_corpus(folders, tmp_path / "corpus", seed=0)
    corpus = Corpus.load(tmp_path / "corpus")
    assert corpus == made
    assert {path.name for path in corpus.root.iterdir()} == {"manifest.jsonl", "sources.json", ".lock"}
    assert {corpus.file(sample) for sample in corpus.samples} == set(folders.rglob("*.png"))
    assert {path: path.stat().st_mtime_ns for path in folders.rglob("*")} == before
    assert (done.layout, done.found, done.unreadable, done.split) == ("folders", 16, (), "identity")
    assert not list(find_leaks(corpus.samples))


def test_moved_data_is_found_again_after_its_place_is_corrected(folders: Path, tmp_path: Path) -> None:
    corpus, _ = import_corpus(folders, tmp_path / "corpus")
    moved = folders.rename(tmp_path / "moved")
    assert not corpus.file(corpus.samples[0]).exists()
    (corpus.root / "sources.json").write_text(json.dumps({"folders": str(moved)}))
    assert all(path.exists() for sample in corpus.samples for path in Corpus.load(corpus.root).files(sample))


@pytest.mark.parametrize("text", ["{", "[]", '{"folders": 1}', "{}"])
def test_a_damaged_list_of_places_is_refused_by_name(folders: Path, tmp_path: Path, text: str) -> None:
    corpus, _ = import_corpus(folders, tmp_path / "corpus")
    (corpus.root / "sources.json").write_text(text)
    with pytest.raises(CorpusError, match=r"sources\.json"):
        Corpus.load(corpus.root)


def test_files_that_cannot_be_read_are_left_out_by_name(folders: Path, tmp_path: Path) -> None:
    (folders / "0_real" / "broken.png").write_text("no picture")
    (folders / "0_real" / "broken.mp4").write_bytes(b"\0\0\0\x18ftypisom")
    corpus, done = import_corpus(folders, tmp_path / "corpus")
    assert {Path(reason.split(": ")[0]).name for reason in done.unreadable} == {"broken.png", "broken.mp4"}
    assert (done.found, len(corpus.samples)) == (18, 16)


def test_a_class_without_a_readable_file_is_refused_and_nothing_is_written(folders: Path, tmp_path: Path) -> None:
    for path in (folders / "1_fake").iterdir():
        path.write_text("no picture")
    with pytest.raises(CorpusError, match="no forged file that can be read"):
        import_corpus(folders, tmp_path / "corpus")
    assert not (tmp_path / "corpus" / "manifest.jsonl").exists()


def test_genuine_files_alone_are_imported_and_divided_and_it_is_said_that_forgeries_are_missing(
    folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(folders / "1_fake")
    assert cli.main(["corpus", "import", str(folders), "--out", str(tmp_path / "corpus")]) == 0
    assert "note: the corpus holds no forged file" in capsys.readouterr().out
    corpus = Corpus.load(tmp_path / "corpus")
    assert len(corpus.samples) == 8
    assert {(sample.split, sample.label) for sample in corpus.samples} == {(split, Label.GENUINE) for split in Split}


def test_published_data_sets_without_their_forgeries_are_imported(ff_tree: Path, tmp_path: Path) -> None:
    shutil.rmtree(ff_tree / "manipulated_sequences")
    corpus, done = import_corpus(ff_tree, tmp_path / "corpus")
    assert done.layout == "ff++"
    assert {sample.label for sample in corpus.samples} == {Label.GENUINE}
    assert any("holds no forged file" in note for note in done.notes)


def test_forgeries_are_added_to_genuine_files_that_were_imported_alone(
    ff_tree: Path, tmp_path: Path, put_clip: Callable[[Path], Path]
) -> None:
    shutil.rmtree(ff_tree / "manipulated_sequences")
    import_corpus(ff_tree, tmp_path / "corpus")
    for target, actor in (("000", "M004"), ("006", "W101"), ("012", "M005")):
        put_clip(tmp_path / f"DeeperForensics-1.0/manipulated_videos/end_to_end/{target}_{actor}.mp4")
    corpus, done = import_corpus(tmp_path / "DeeperForensics-1.0", tmp_path / "corpus", add=True)
    assert {sample.label for sample in corpus.samples} == set(Label)
    assert not any("holds no forged file" in note for note in done.notes)


def test_dividing_anew_leaves_out_forgeries_of_people_of_two_splits(
    celeb_tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, _ = import_corpus(celeb_tree, tmp_path / "corpus", rule=Rule.OFFICIAL)
    assert cli.main(["corpus", "split", str(tmp_path / "corpus"), "--seed", "1", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["results"]
    corpus = Corpus.load(tmp_path / "corpus")
    assert not list(find_leaks(corpus.samples))
    assert {(sample.split, sample.label) for sample in corpus.samples} == {(s, label) for s in Split for label in Label}
    assert {sample.id for sample in before.samples} - {sample.id for sample in corpus.samples} == set(
        entry["divided_out"]
    )
    assert entry["divided_out"]


def test_a_corpus_is_not_overwritten(folders: Path, tmp_path: Path) -> None:
    import_corpus(folders, tmp_path / "corpus")
    with pytest.raises(CorpusError, match="--add"):
        import_corpus(folders, tmp_path / "corpus")


def test_the_official_split_is_kept_where_it_is_disjoint(ff_tree: Path, tmp_path: Path) -> None:
    corpus, done = import_corpus(ff_tree, tmp_path / "corpus")
    assert (done.layout, done.split, done.divided_out) == ("ff++", "official", ())
    youtube = {sample.video: sample.split for sample in corpus.samples if sample.method == "youtube"}
    assert youtube == {
        "000": Split.TRAIN, "003": Split.TRAIN, "006": Split.VAL, "009": Split.VAL, "012": Split.TEST, "015": Split.TEST
    }  # fmt: skip
    assert not list(find_leaks(corpus.samples))
    actors = [sample for sample in corpus.samples if sample.dataset == "dfd"]
    assert {sample.split for sample in actors} == set(Split)
    assert len({sample.video_key for sample in corpus.samples}) == len(corpus.samples) == 96


def test_an_official_split_with_people_in_two_parts_is_dealt_anew_and_that_is_said(
    celeb_tree: Path, tmp_path: Path
) -> None:
    corpus, done = import_corpus(celeb_tree, tmp_path / "corpus", seed=1)
    assert done.split == "identity"
    assert any("is not disjoint" in note and "--split official" in note for note in done.notes)
    assert not list(find_leaks(corpus.samples))
    assert {(sample.split, sample.label) for sample in corpus.samples} == {(s, label) for s in Split for label in Label}
    assert len(done.divided_out) + len(corpus.samples) == done.found == 156
    assert all("Celeb-synthesis" in name for name in done.divided_out)


def test_the_official_test_videos_can_be_kept_and_the_leak_is_said(celeb_tree: Path, tmp_path: Path) -> None:
    corpus, done = import_corpus(celeb_tree, tmp_path / "corpus", rule=Rule.OFFICIAL)
    tested = Counter(sample.label for sample in corpus.where(split=Split.TEST))
    assert tested == {Label.GENUINE: 6, Label.FORGED: 3}
    assert any("6 of 24 people stand in two splits" in note for note in done.notes)
    assert any("validation" in note for note in done.notes)


def test_forgeries_without_genuine_files_are_added_to_a_corpus_that_has_them(
    ff_tree: Path, tmp_path: Path, put_clip: Callable[[Path], Path]
) -> None:
    deeper = tmp_path / "DeeperForensics-1.0"
    for target, actor in (("000", "M004"), ("006", "W101"), ("012", "M005"), ("015", "M004")):
        put_clip(deeper / f"manipulated_videos/end_to_end/{target}_{actor}.mp4")
    with pytest.raises(CorpusError, match=r"no genuine file.*DeeperForensics-1\.0 holds no genuine.*--add"):
        import_corpus(deeper, tmp_path / "corpus")
    import_corpus(ff_tree, tmp_path / "corpus")
    corpus, done = import_corpus(deeper, tmp_path / "corpus", add=True)
    assert set(corpus.places) == {"ff++", "deeper-forensics"}
    assert all(corpus.file(sample).is_file() for sample in corpus.samples)
    assert not list(find_leaks(corpus.samples))
    assert done.split in ("official", "identity")


def test_a_data_set_without_official_split_cannot_have_it(folders: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no official split"):
        import_corpus(folders, tmp_path / "corpus", rule=Rule.OFFICIAL)


def test_folders_of_frames_become_one_sample_each(tmp_path: Path, put_frames: Callable[..., None]) -> None:
    for part, name in (("real", "a"), ("real", "b"), ("real", "c"), ("fake", "a"), ("fake", "b"), ("fake", "c")):
        for split in ("train", "test"):
            put_frames(tmp_path / f"wild/{part}_{split}/{name}", 3)
    corpus, _ = import_corpus(tmp_path / "wild", tmp_path / "corpus")
    sample = corpus.samples[0]
    assert (sample.frames, sample.fps, sample.is_still, sample.slice) == (3, None, False, Slice.MAIN)
    assert [path.name for path in corpus.files(sample)] == ["000.png", "001.png", "002.png"]


def test_the_command_answers_in_text_and_json(
    celeb_tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (celeb_tree / "Celeb-real/id5_0000.mp4").write_bytes(b"none")
    assert cli.main(["corpus", "import", str(celeb_tree), "-o", str(tmp_path / "a")]) == 0
    out = capsys.readouterr().out
    assert "found as celeb-df-v2" in out and "left out:" in out and "id5_0000.mp4" in out
    command = ["corpus", "import", "celeb-df-v2", str(celeb_tree), "--out", str(tmp_path / "b"), "--json"]
    assert cli.main(command) == 0
    (entry,) = json.loads(capsys.readouterr().out)["results"]
    assert (entry["layout"], entry["found"], entry["split"]) == ("celeb-df-v2", 156, "identity")
    assert len(entry["left_out"]) == 1


def test_a_changed_frame_is_noticed(tmp_path: Path, put_frames: Callable[..., None]) -> None:
    from forensics.corpus import Fault, check_corpus

    for part in ("real", "fake"):
        for number in range(4):
            put_frames(tmp_path / f"wild/{part}_train/{number}", 2)
    corpus, _ = import_corpus(tmp_path / "wild", tmp_path / "corpus", rule=Rule.IDENTITY)
    shutil.copy(corpus.files(corpus.samples[0])[0], corpus.files(corpus.samples[0])[1])
    changed = [complaint.ids for complaint in check_corpus(corpus) if complaint.fault is Fault.CHANGED]
    assert changed == [(corpus.samples[0].id,)]
