from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from forensics.corpus import Corpus, Label, Split
from forensics.corpus.importers import Entry, find_layout, import_corpus
from forensics.corpus.importers.labelled_folders import identities_of
from forensics.corpus.importers.listing import skipped_numbers
from forensics.corpus.importers.names import actor_people, celeb_people, youtube_people
from forensics.errors import CorpusError, InputError

Put = Callable[[Path], Path]
PutFrames = Callable[..., None]
FF_SPLITS = {"train": ("000", "003"), "val": ("006", "009"), "test": ("012", "015")}


def entries_of(name: str, folder: Path) -> dict[str, Entry]:
    layout = find_layout("auto", folder)
    assert layout.name == name
    return {entry.id: entry for entry in layout.read(folder).entries}


class TestFaceForensics:
    def test_every_method_and_compression_is_listed_once(self, ff_tree: Path) -> None:
        entries = entries_of("ff++", ff_tree)
        counts = Counter((entry.method, entry.compression) for entry in entries.values())
        forged = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures", "FaceShifter", "DeepFakeDetection")
        assert counts == {(name, version): 6 for name in (*forged, "youtube", "actors") for version in ("c0", "c23")}

    def test_one_name_under_five_methods_makes_five_videos(self, ff_tree: Path) -> None:
        same = [entry for entry in entries_of("ff++", ff_tree).values() if entry.video == "000_003"]
        assert len({(entry.dataset, entry.method, entry.compression, entry.video) for entry in same}) == len(same) == 10

    def test_official_splits_are_read_by_both_ids(self, ff_tree: Path) -> None:
        for entry in entries_of("ff++", ff_tree).values():
            if entry.dataset == "ff++":
                (split,) = [split for split, pair in FF_SPLITS.items() if entry.video[:3] in pair]
                assert entry.split == split
            else:
                assert entry.split is None

    def test_swaps_take_the_look_of_the_source_and_reenactments_keep_the_targets(self, ff_tree: Path) -> None:
        entries = entries_of("ff++", ff_tree)
        swap, reenactment = entries["ff++-c23-Deepfakes-000_003"], entries["ff++-c23-Face2Face-000_003"]
        assert (swap.source, swap.drive, swap.original) == ("ff-003", "ff-000", "ff-000")
        assert (reenactment.source, reenactment.drive, reenactment.original) == ("ff-000", "ff-003", "ff-000")
        assert entries["ff++-c23-youtube-000"].source == "ff-000"

    def test_masks_are_found(self, ff_tree: Path) -> None:
        entries = entries_of("ff++", ff_tree)
        assert entries["ff++-c23-Deepfakes-000_003"].mask == "manipulated_sequences/Deepfakes/masks/videos/000_003.mp4"
        assert entries["ff++-c23-Deepfakes-003_000"].mask is None

    def test_a_split_file_of_another_shape_is_refused_by_name(self, ff_tree: Path) -> None:
        (ff_tree / "val.json").write_text('{"000": "003"}')
        with pytest.raises(CorpusError, match=r"val\.json: expected a list of pairs"):
            find_layout("ff++", ff_tree).read(ff_tree)

    def test_the_actors_alone_are_all_for_testing(self, ff_tree: Path) -> None:
        entries = find_layout("dfd", ff_tree).read(ff_tree).entries
        assert {entry.split for entry in entries} == {Split.TEST}
        assert Counter(entry.label for entry in entries) == {Label.GENUINE: 12, Label.FORGED: 12}
        forged = next(entry for entry in entries if entry.label is Label.FORGED)
        assert forged.identities == ("dfd-01", "dfd-02")
        assert forged.original in {entry.source for entry in entries if entry.label is Label.GENUINE}

    def test_folders_of_frames_stand_in_for_missing_clips(self, tmp_path: Path, put_frames: PutFrames) -> None:
        put_frames(tmp_path / "original_sequences/youtube/c23/frames/000", 3)
        put_frames(tmp_path / "manipulated_sequences/Deepfakes/c23/frames/000_003", 2)
        entries = entries_of("ff++", tmp_path)
        assert entries["ff++-c23-youtube-000"].files == ("000.png", "001.png", "002.png")


class TestCelebDF:
    def test_the_first_column_of_the_list_is_one_for_genuine(self, celeb_tree: Path) -> None:
        entries = entries_of("celeb-df-v2", celeb_tree)
        tested = Counter(entry.label for entry in entries.values() if entry.split is Split.TEST)
        assert tested == {Label.GENUINE: 6, Label.FORGED: 3}
        assert Counter(entry.label for entry in entries.values()) == {Label.GENUINE: 24, Label.FORGED: 132}

    def test_a_list_with_turned_labels_is_refused_by_line(self, celeb_tree: Path) -> None:
        path = celeb_tree / "List_of_testing_videos.txt"
        turned = [str(1 - int(line[0])) + line[1:] for line in path.read_text().splitlines()]
        path.write_text("\n".join(turned))
        with pytest.raises(CorpusError, match=r"testing_videos\.txt, line 1: 0 means forged"):
            find_layout("celeb-df-v2", celeb_tree).read(celeb_tree)

    def test_listed_videos_that_are_missing_are_named(self, celeb_tree: Path) -> None:
        (celeb_tree / "Celeb-real/id0_0000.mp4").unlink()
        assert find_layout("auto", celeb_tree).read(celeb_tree).absent == ("celeb-real/id0_0000",)

    def test_an_extra_folder_videos_changes_nothing(self, celeb_tree: Path) -> None:
        before = set(entries_of("celeb-df-v2", celeb_tree))
        for part in ("Celeb-real", "YouTube-real", "Celeb-synthesis"):
            (celeb_tree / part).rename(celeb_tree / "moved")
            (celeb_tree / part).mkdir()
            (celeb_tree / "moved").rename(celeb_tree / part / "videos")
        entries = entries_of("celeb-df-v2", celeb_tree)
        assert set(entries) == before
        assert sum(entry.split is Split.TEST for entry in entries.values()) == 9

    def test_version_one_is_told_by_its_size_or_its_name(self, celeb_tree: Path) -> None:
        assert entries_of("celeb-df-v1", celeb_tree.rename(celeb_tree.with_name("Celeb-DF")))
        assert entries_of("celeb-df-v1", celeb_tree.with_name("Celeb-DF").rename(celeb_tree.with_name("Celeb-DF-v1")))

    def test_plus_plus_has_methods_below_three_scenarios(self, tmp_path: Path, put_clip: Put) -> None:
        put_clip(tmp_path / "Celeb-real/id0_0000.mp4")
        put_clip(tmp_path / "YouTube-real/00000.mp4")
        for place in ("FaceSwap/SimSwap", "FaceSwap/Celeb-DF", "FaceReenact/LivePortrait", "TalkingFace/SadTalker"):
            put_clip(tmp_path / "Celeb-synthesis" / place / "id0_id1_0000.mp4")
        (tmp_path / "List_of_testing_videos.txt").write_text("0 Celeb-synthesis/FaceSwap/SimSwap/id0_id1_0000.mp4\n")
        entries = entries_of("celeb-df++", tmp_path)
        assert {entry.method: entry.split for entry in entries.values() if entry.label is Label.FORGED} == {
            "SimSwap": Split.TEST,
            "Celeb-DF": Split.TRAIN,
            "LivePortrait": Split.TRAIN,
            "SadTalker": Split.TRAIN,
        }
        assert entries["celeb-df++-LivePortrait-id0_id1_0000"].source == "celeb-id0"
        assert entries["celeb-df++-SimSwap-id0_id1_0000"].source == "celeb-id1"


class TestDFDC:
    def test_training_parts_and_the_test_list_are_read(self, tmp_path: Path, put_clip: Put) -> None:
        part = tmp_path / "dfdc_train_part_0"
        for name in ("aa", "bb"):
            put_clip(part / f"{name}.mp4")
        about = {
            "aa.mp4": {"label": "REAL", "split": "train"},
            "bb.mp4": {"label": "FAKE", "split": "train", "original": "aa.mp4"},
            "cc.mp4": {"label": "FAKE", "split": "train", "original": "aa.mp4"},
        }
        (part / "metadata.json").write_text(json.dumps(about))
        put_clip(tmp_path / "test/videos/dd.mp4")
        (tmp_path / "test/labels.csv").write_text("filename,label\ndd.mp4,1\n")
        entries = entries_of("dfdc", tmp_path)
        assert {name: (entry.label, entry.split) for name, entry in entries.items()} == {
            "dfdc-original-aa": (Label.GENUINE, Split.TRAIN),
            "dfdc-dfdc-bb": (Label.FORGED, Split.TRAIN),
            "dfdc-dfdc-dd": (Label.FORGED, Split.TEST),
        }
        assert entries["dfdc-dfdc-bb"].original == entries["dfdc-original-aa"].source
        assert find_layout("dfdc", tmp_path).read(tmp_path).absent == ("dfdc_train_part_0/cc.mp4",)

    @pytest.mark.parametrize("deeper", ["", "videos/"])
    def test_the_preview_is_read_by_its_list(self, tmp_path: Path, put_clip: Put, deeper: str) -> None:
        put_clip(tmp_path / f"original_videos/{deeper}643049/643049_A_001.mp4")
        put_clip(tmp_path / f"method_A/{deeper}643049/643049_A/643049_1224068_A_001.mp4")
        listed = {
            "original_videos/643049/643049_A_001.mp4": {
                "label": "real", "target_id": 643049, "swapped_id": None, "set": "train", "augmentations": []
            },
            "method_A/643049/643049_A/643049_1224068_A_001.mp4": {
                "label": "fake", "target_id": 643049, "swapped_id": 1224068, "set": "test", "augmentations": []
            },
        }  # fmt: skip
        (tmp_path / "dataset.json").write_text(json.dumps(listed))
        entries = entries_of("dfdc-preview", tmp_path)
        assert {entry.method: (entry.identities, entry.split) for entry in entries.values()} == {
            "original_videos": (("dfdcp-643049",), Split.TRAIN),
            "method_A": (("dfdcp-643049", "dfdcp-1224068"), Split.TEST),
        }

    def test_an_unknown_label_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "metadata.json").write_text('{"a.mp4": {"label": "MAYBE"}}')
        with pytest.raises(CorpusError, match=r"metadata\.json: label 'MAYBE'"):
            find_layout("dfdc", tmp_path).read(tmp_path)


def test_deeper_forensics_names_target_and_actor(tmp_path: Path, put_clip: Put) -> None:
    for version in ("end_to_end", "end_to_end_level_1", "reenact_postprocess"):
        put_clip(tmp_path / "manipulated_videos" / version / "000_M004.mp4")
    (tmp_path / "lists/splits").mkdir(parents=True)
    (tmp_path / "lists/splits/test.txt").write_text("000_M004.mp4\n001_W101.mp4\n")
    layout = find_layout("auto", tmp_path)
    listing = layout.read(tmp_path)
    assert layout.name == "deeper-forensics"
    assert {entry.id for entry in listing.entries} == {
        "deeper-forensics-1.0-end_to_end-end_to_end-000_M004",
        "deeper-forensics-1.0-end_to_end_level_1-end_to_end-000_M004",
        "deeper-forensics-1.0-reenact_postprocess-reenact_postprocess-000_M004",
    }
    assert {(entry.identities, entry.split) for entry in listing.entries} == {(("ff-000", "deeper-M004"), Split.TEST)}
    assert listing.absent == ("001_W101",)


def test_df40_holds_domains_clips_frames_and_single_pictures(
    tmp_path: Path, put_clip: Put, put_frames: PutFrames
) -> None:
    put_frames(tmp_path / "simswap/ff/frames/000_003")
    put_frames(tmp_path / "fomm/cdf/frames/id0_id1_0000")
    put_clip(tmp_path / "heygen/fake/videos/a.mp4")
    put_clip(tmp_path / "heygen/real/videos/a.mp4")
    put_frames(tmp_path / "MidJourney/fake", 3)
    entries = entries_of("df40", tmp_path)
    assert {name: len(entry.files) for name, entry in entries.items()} == {
        "df40-ff-simswap-000_003": 2,
        "df40-cdf-fomm-id0_id1_0000": 2,
        "df40-heygen-a": 0,
        "df40-heygen-real-a": 0,
        "df40-MidJourney-000": 0,
        "df40-MidJourney-001": 0,
        "df40-MidJourney-002": 0,
    }
    assert (entries["df40-ff-simswap-000_003"].source, entries["df40-cdf-fomm-id0_id1_0000"].source) == (
        "ff-003",
        "celeb-id0",
    )


@pytest.mark.parametrize("release", ["", "FFIW10K-v1-release"])
def test_ffiw_pairs_by_name_and_tests_on_val_where_test_is_missing(tmp_path: Path, put_clip: Put, release: str) -> None:
    for part in ("source", "target"):
        for split in ("train", "val"):
            put_clip(tmp_path / release / part / split / "videos/00000.mp4")
    entries = entries_of("ffiw", tmp_path)
    assert Counter((entry.label, entry.split) for entry in entries.values()) == {
        (label, split): 1 for label in Label for split in (Split.TRAIN, Split.TEST)
    }
    assert entries["ffiw-target-val-00000"].original == entries["ffiw-source-val-00000"].source


def test_wild_deepfake_takes_every_folder_of_pictures_in_number_order(tmp_path: Path, put_frames: PutFrames) -> None:
    put_frames(tmp_path / "deepfake_in_the_wild/real_train/7/real/1")
    put_frames(tmp_path / "deepfake_in_the_wild/fake_test/9/fake/0", 11)
    for path in (tmp_path / "deepfake_in_the_wild/fake_test/9/fake/0").iterdir():
        path.rename(path.with_name(f"{int(path.stem)}.png"))
    entries = entries_of("wild-deepfake", tmp_path)
    assert {name: (entry.label, entry.split) for name, entry in entries.items()} == {
        "wild-deepfake-real-real_train-7-real-1": (Label.GENUINE, Split.TRAIN),
        "wild-deepfake-fake-fake_test-9-fake-0": (Label.FORGED, Split.TEST),
    }
    assert entries["wild-deepfake-fake-fake_test-9-fake-0"].files == tuple(f"{n}.png" for n in range(11))


def test_wild_deepfake_in_archives_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "real_train").mkdir()
    (tmp_path / "real_train/1.tar.gz").write_bytes(b"")
    with pytest.raises(CorpusError, match="unpack"):
        find_layout("auto", tmp_path).read(tmp_path)


class TestLabelledFolders:
    def test_generators_and_splits_above_the_classes_are_read(self, tmp_path: Path, put_frames: PutFrames) -> None:
        for generator in ("progan", "stylegan"):
            for split in ("train", "test"):
                put_frames(tmp_path / split / generator / "0_real", 1)
                put_frames(tmp_path / split / generator / "1_fake", 1)
        entries = entries_of("folders", tmp_path)
        assert Counter((entry.method, entry.split) for entry in entries.values()) == {
            (f"{generator}-{label}", split): 1
            for generator in ("progan", "stylegan")
            for label in Label
            for split in (Split.TRAIN, Split.TEST)
        }

    @pytest.mark.parametrize(
        ("path", "identities"),
        [
            ("a.png", ("a",)),
            ("anna/1.png", ("anna",)),
            ("000_003.mp4", ("000", "003")),
            ("000_003/7.png", ("000", "003")),
        ],
    )
    def test_identities_come_from_folder_or_name(self, path: str, identities: tuple[str, ...]) -> None:
        assert identities_of(Path("root") / path, Path("root")) == identities

    def test_files_that_name_nobody_are_counted_in_a_note(self, tmp_path: Path, put_frames: PutFrames) -> None:
        put_frames(tmp_path / "0_real", 3)
        put_frames(tmp_path / "1_fake", 2)
        put_frames(tmp_path / "1_fake" / "anna", 4)
        (note,) = find_layout("folders", tmp_path).read(tmp_path).notes
        assert note.startswith("5 of 9 files name nobody; each counts as its own person")

    def test_files_whose_names_or_folders_are_people_need_no_note(self, tmp_path: Path, put_frames: PutFrames) -> None:
        for place in ("0_real/anna", "0_real/bob", "1_fake/anna", "1_fake/000_003"):
            put_frames(tmp_path / place, 2)
        assert find_layout("folders", tmp_path).read(tmp_path).notes == ()

    def test_a_missing_class_of_genuine_files_is_refused(self, tmp_path: Path, put_frames: PutFrames) -> None:
        put_frames(tmp_path / "1_fake")
        with pytest.raises(CorpusError, match="0_real"):
            find_layout("folders", tmp_path).read(tmp_path)


class TestDeepfakeBench:
    @pytest.fixture
    def bench(self, tmp_path: Path, put_frames: PutFrames) -> Path:
        """Two methods with the same video names, Windows paths, and val the same as test."""
        tree: dict[str, dict[str, object]] = {"FF-real": {}, "FF-DF": {}, "FF-F2F": {}}
        places = {"FF-DF": "manipulated_sequences/Deepfakes", "FF-F2F": "manipulated_sequences/Face2Face"}
        for label in tree:
            for split, (first, second) in (
                ("train", ("000", "003")),
                ("val", ("006", "009")),
                ("test", ("006", "009")),
            ):
                names = [first, second] if label == "FF-real" else [f"{first}_{second}"]
                videos = {}
                for name in names:
                    place = f"FaceForensics++/{places.get(label, 'original_sequences/youtube')}/c23/frames/{name}"
                    if not (tmp_path / "datasets/rgb" / place).exists():
                        put_frames(tmp_path / "datasets/rgb" / place)
                    frames = [f"{place}/{number:03d}.png".replace("/", "\\") for number in (1, 0)]
                    videos[name] = {"label": label, "frames": frames}
                tree[label][split] = {"c23": videos}
        path = tmp_path / "preprocessing/dataset_json/FaceForensics++.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"FaceForensics++": tree}))
        return tmp_path

    def test_back_slashes_are_read_and_videos_of_two_methods_stay_two(self, bench: Path) -> None:
        entries = entries_of("deepfakebench", bench)
        assert {entry.id for entry in entries.values() if entry.video == "000_003"} == {
            "faceforensics++-c23-Deepfakes-000_003",
            "faceforensics++-c23-Face2Face-000_003",
        }
        assert len(entries) == 8
        assert entries["faceforensics++-c23-youtube-000"].files == ("000.png", "001.png")

    def test_validation_that_is_the_test_is_kept_once_and_said(self, bench: Path) -> None:
        listing = find_layout("auto", bench).read(bench)
        assert Counter(entry.split for entry in listing.entries) == {Split.TRAIN: 4, Split.TEST: 4}
        assert listing.notes == ("FaceForensics++: val is the same as test; they are kept for test",)

    def test_frames_that_are_listed_and_not_there_are_counted_and_said(
        self, tmp_path: Path, put_frames: PutFrames
    ) -> None:
        tree: dict[str, dict[str, object]] = {}
        for label in ("FF-real", "FF-DF"):
            for split, person in (("train", "000"), ("val", "006"), ("test", "012")):
                name = person if label == "FF-real" else f"{person}_{person}"
                put_frames(tmp_path / f"{label}/{name}", 4)
                frames = [f"{label}/{name}/{number:03d}.png" for number in range(4)]
                videos = {name: {"label": label, "frames": frames}}
                tree.setdefault(label, {})[split] = videos
        (tmp_path / "FF-DF/012_012/003.png").unlink()
        (tmp_path / "FF.json").write_text(json.dumps({"FaceForensics++": tree}))
        corpus, done = import_corpus(tmp_path / "FF.json", tmp_path / "corpus")
        assert done.absent_frames == 1
        assert any("1 frames of 1 samples are not there" in note and "012_012" in note for note in done.notes)
        assert {sample.video: sample.absent_frames for sample in corpus.samples if sample.absent_frames} == {
            "012_012": 1
        }
        assert Corpus.load(corpus.root).samples == corpus.samples

    def test_one_json_is_enough_and_lists_without_compression_are_read(
        self, tmp_path: Path, put_frames: PutFrames
    ) -> None:
        put_frames(tmp_path / "rgb/Celeb-DF-v2/Celeb-real/frames/id0_0000")
        listed = {"label": "CelebDFv2_real", "frames": ["Celeb-DF-v2\\Celeb-real\\frames\\id0_0000\\000.png"]}
        gone = {"label": "CelebDFv2_real", "frames": ["Celeb-DF-v2\\Celeb-real\\frames\\id1_0000\\000.png"]}
        tree = {"Celeb-DF-v2": {"CelebDFv2_real": {"train": {"id0_0000": listed, "id1_0000": gone}}}}
        (tmp_path / "Celeb-DF-v2.json").write_text(json.dumps(tree))
        listing = find_layout("auto", tmp_path / "Celeb-DF-v2.json").read(tmp_path / "Celeb-DF-v2.json")
        (entry,) = listing.entries
        assert (entry.identities, entry.files, entry.label) == (("celeb-id0",), ("000.png",), Label.GENUINE)
        assert listing.absent == ("Celeb-DF-v2/CelebDFv2_real/id1_0000",)

    @pytest.mark.parametrize("text", ["{", "[1]", '{"D": 1}', '{"D": {"L": {"early": {}}}}'])
    def test_other_json_is_refused_by_name(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(CorpusError, match=r"x\.json"):
            find_layout("deepfakebench", tmp_path).read(tmp_path)

    def test_frames_that_are_nowhere_are_refused_with_the_way_out(self, tmp_path: Path) -> None:
        video = {"label": "FF-real", "frames": ["a/b/0.png"]}
        (tmp_path / "x.json").write_text(json.dumps({"D": {"FF-real": {"train": {"v": video}}}}))
        with pytest.raises(CorpusError, match="put the JSON beside"):
            find_layout("deepfakebench", tmp_path).read(tmp_path)


@pytest.mark.parametrize(
    ("numbers", "missing"),
    [
        ((0, 1, 2, 3), 0),
        ((0, 1, 3), 1),
        ((0, 1, 2, 4), 1),
        ((0, 30, 60, 90, 180), 2),
        ((0, 10, 19, 29, 38), 0),  # spread evenly over a clip and rounded
        ((0, 4, 9, 12, 20), 0),  # no usual step
        ((7,), 0),
        ((), 0),
    ],
)
def test_numbers_tell_how_many_frames_are_missing_between_them(numbers: tuple[int, ...], missing: int) -> None:
    assert skipped_numbers([f"frame_{number:05d}.png" for number in numbers]) == missing
    assert skipped_numbers([f"{number}.jpg" for number in numbers]) == missing


def test_names_without_numbers_tell_nothing() -> None:
    assert skipped_numbers(["a.png", "b.png", "d.png"]) == 0
    assert skipped_numbers(["a1.png", "b2.png", "b4.png"]) == 0


class TestNames:
    def test_names_that_say_nothing_stand_for_themselves(self) -> None:
        assert youtube_people("trailer", "Deepfakes").identities == ("ff-trailer",)
        assert actor_people("nobody").identities == ("dfd-nobody",)
        assert celeb_people("00170").identities == ("celeb-youtube-00170",)

    def test_a_celeb_swap_has_the_genuine_video_it_alters(self) -> None:
        assert celeb_people("id4_id20_0003").original == celeb_people("id4_0003").source


def test_an_unknown_layout_offers_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"did you mean ff\+\+\?"):
        find_layout("ff+", tmp_path)


def test_a_folder_that_looks_like_nothing_names_the_layouts(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"looks like none.*ff\+\+"):
        find_layout("auto", tmp_path)
    with pytest.raises(CorpusError, match="no such folder"):
        find_layout("auto", tmp_path / "gone")
