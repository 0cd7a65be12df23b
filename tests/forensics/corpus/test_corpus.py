from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.corpus import (
    Complaint,
    Corpus,
    Fault,
    Label,
    Sample,
    Slice,
    Split,
    check_corpus,
    split_by_identity,
    tally,
    write_manifest,
)
from forensics.corpus.checks.check import find_duplicates, find_empty_splits, find_leaks
from forensics.corpus.split import components
from forensics.errors import BusyError, CorpusError
from forensics.faces import Faces
from forensics.storage.files import locked, write_whole
from forensics.synthesis.plan import Making, SynthesisConfig, deal_identities, plan_corpus, style_of
from forensics.synthesis.rendering import Forger
from forensics.synthesis.synthesize import synthesize
from generator.avatars import STYLES
from watermark import Deployment, PayloadKind, file_hash, read_media, read_provenance


def make_sample(name: str, **changes: object) -> Sample:
    sample = Sample(
        id=name,
        path=f"media/{name}.png",
        sha256=name,
        label=Label.GENUINE,
        method="camera",
        split=Split.TRAIN,
        identities=(name,),
        source_id=name,
        drive_id=name,
        style="plain",
        slice=Slice.MAIN,
        seed=None,
        frames=1,
        fps=None,
        width=8,
        height=8,
        mark_id=None,
        landmarks=None,
        landmarks_sha256=None,
    )
    return dataclasses.replace(sample, **changes)


@pytest.fixture
def copied(tiny_corpus: Corpus, tmp_path: Path) -> Corpus:
    shutil.copytree(tiny_corpus.root, tmp_path / "corpus")
    return Corpus.load(tmp_path / "corpus")


class TestSample:
    def test_a_sample_survives_its_line_of_json(self) -> None:
        sample = make_sample("a", label=Label.FORGED, identities=("a", "b"), fps=12.5, mark_id="0123456789ab")
        assert Sample.from_json(sample.to_json()) == sample

    @pytest.mark.parametrize(
        ("field", "value"), [("label", "maybe"), ("split", None), ("frames", "4"), ("identities", "a"), ("fps", True)]
    )
    def test_a_line_with_a_wrong_value_is_refused_by_field(self, field: str, value: object) -> None:
        line = json.loads(make_sample("a").to_json()) | {field: value}
        with pytest.raises(CorpusError, match=field):
            Sample.from_json(json.dumps(line))

    def test_missing_and_unknown_fields_are_refused(self) -> None:
        line = json.loads(make_sample("a").to_json())
        del line["style"]
        with pytest.raises(CorpusError, match=r"style.*colour"):
            Sample.from_json(json.dumps(line | {"colour": 1}))

    @pytest.mark.parametrize("path", ["/etc/passwd", "../outside.png", "media/../../outside.png"])
    def test_paths_stay_inside_the_corpus(self, path: str) -> None:
        with pytest.raises(CorpusError, match="leaves the corpus folder"):
            make_sample("a", path=path)


class TestManifest:
    def test_a_folder_without_manifest_names_the_way_out(self, tmp_path: Path) -> None:
        with pytest.raises(CorpusError, match="facetrail corpus synthesize"):
            Corpus.load(tmp_path)

    def test_a_broken_line_is_named_by_number(self, tmp_path: Path) -> None:
        (tmp_path / "manifest.jsonl").write_text(make_sample("a").to_json() + "\n{\n")
        with pytest.raises(CorpusError, match="line 2"):
            Corpus.load(tmp_path)

    def test_an_id_stands_once(self, tmp_path: Path) -> None:
        write_manifest(tmp_path, [make_sample("a"), make_sample("a")])
        with pytest.raises(CorpusError, match="stands twice"):
            Corpus.load(tmp_path)

    def test_a_failed_write_leaves_the_old_file_and_nothing_else(self, tmp_path: Path) -> None:
        write_manifest(tmp_path, [make_sample("a")])

        def fail(path: Path) -> None:
            path.write_text("half")
            raise OSError(28, "No space left on device")

        with pytest.raises(OSError, match="No space"):
            write_whole(tmp_path / "manifest.jsonl", fail)
        assert [path.name for path in tmp_path.iterdir()] == ["manifest.jsonl"]
        assert Corpus.load(tmp_path).samples == (make_sample("a"),)

    def test_two_writers_do_not_meet(self, tmp_path: Path) -> None:
        with locked(tmp_path), pytest.raises(BusyError, match="another process"), locked(tmp_path):
            pass
        with locked(tmp_path):
            pass


class TestSplit:
    def test_linked_identities_stay_together(self) -> None:
        samples = [
            make_sample("a"),
            make_sample("b"),
            make_sample("c"),
            make_sample("ab", identities=("a", "b"), source_id="a", drive_id="b"),
        ]
        assert components(samples) == [frozenset({"a", "b", "ab"}), frozenset({"c"})]

    @pytest.mark.parametrize("seed", range(20))
    def test_no_identity_source_or_drive_crosses_and_no_split_is_empty(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        people = [f"p{number}" for number in range(int(rng.integers(8, 40)))]
        samples = [make_sample(name) for name in people]
        for number in range(len(people) // 3):
            source, drive = rng.choice(people, 2, replace=False)
            samples.append(
                make_sample(
                    f"f{number}",
                    label=Label.FORGED,
                    identities=(str(source), str(drive)),
                    source_id=str(source),
                    drive_id=str(drive),
                )
            )
        if len(components(samples)) < 3:
            pytest.skip("everything is linked")
        divided = split_by_identity(samples, rng)
        assert list(find_leaks(divided)) == []
        assert {sample.split for sample in divided} == set(Split)
        assert [sample.id for sample in divided] == [sample.id for sample in samples]

    def test_shares_are_met_where_nothing_is_linked(self) -> None:
        divided = split_by_identity([make_sample(f"p{n}") for n in range(100)], np.random.default_rng(0))
        counts = [sum(sample.split is split for sample in divided) for split in Split]
        assert counts == [60, 15, 25]

    def test_too_few_people_are_refused(self) -> None:
        with pytest.raises(CorpusError, match="2 group"):
            split_by_identity([make_sample("a"), make_sample("b")], np.random.default_rng(0))


class TestChecks:
    def test_identity_source_and_drive_leaks_are_named(self) -> None:
        samples = [
            make_sample("a"),
            make_sample("b", split=Split.TEST, identities=("b", "a")),
            make_sample("c", split=Split.TEST, source_id="a"),
            make_sample("d", split=Split.VAL, drive_id="a"),
        ]
        messages = {complaint.message: complaint.ids for complaint in find_leaks(samples)}
        assert messages == {
            "identity a stands in test and train": ("a", "b"),
            "source a stands in test and train": ("a", "c"),
            "drive a stands in train and val": ("a", "d"),
        }

    def test_the_same_file_twice_is_named_with_split_and_class(self) -> None:
        samples = [make_sample("a"), make_sample("b", sha256="a", split=Split.TEST, label=Label.FORGED)]
        (complaint,) = find_duplicates(samples)
        assert (complaint.fault, complaint.ids) == (Fault.DUPLICATE, ("a", "b"))
        assert "test forged and train genuine" in complaint.message

    def test_a_split_without_a_class_is_named(self) -> None:
        assert [complaint.message for complaint in find_empty_splits([make_sample("a")])] == [
            "split train has no forged samples"
        ]

    def test_a_sound_corpus_has_no_complaints(self, tiny_corpus: Corpus) -> None:
        assert check_corpus(tiny_corpus) == ()

    @pytest.mark.parametrize("flaw", ["changed file", "changed sidecar", "missing file"])
    def test_a_file_that_is_not_the_manifests_is_named(self, copied: Corpus, flaw: str) -> None:
        sample = copied.samples[0]
        path = copied.root / str(sample.landmarks) if "sidecar" in flaw else copied.file(sample)
        if "missing" in flaw:
            path.unlink()
        else:
            path.write_bytes(path.read_bytes() + b"x")
        (complaint,) = check_corpus(copied)
        assert complaint.ids == (sample.id,)
        assert complaint.fault is (Fault.MISSING if "missing" in flaw else Fault.CHANGED)

    def test_classes_in_different_formats_are_refused(self, copied: Corpus) -> None:
        stills = [sample for sample in copied.samples if sample.is_still and sample.label is Label.GENUINE]
        changed = []
        for sample in stills:
            path = copied.file(sample)
            Image.open(path).resize((128, 128)).save(path)
            changed.append(dataclasses.replace(sample, sha256=file_hash(path)))
        kept = {sample.id: sample for sample in changed}
        write_manifest(copied.root, [kept.get(sample.id, sample) for sample in copied.samples])
        complaints = check_corpus(Corpus.load(copied.root))
        assert {complaint.fault for complaint in complaints} == {Fault.FORMAT}
        assert any("only genuine stills are JPEG RGB 128x128" in complaint.message for complaint in complaints)

    def test_complaints_are_values(self) -> None:
        assert Complaint(Fault.LEAK, "x", ("a",)) == Complaint(Fault.LEAK, "x", ("a",))


class TestPlan:
    @pytest.mark.parametrize("seed", range(8))
    def test_every_identity_stands_in_one_split_and_is_forged_by_another_of_it(self, seed: int) -> None:
        config = SynthesisConfig(seed=seed, identities=14, clips=3, stills=2)
        dealt = deal_identities(config)
        assert sorted(number for members in dealt.values() for number in members) == list(range(14))
        for planned in plan_corpus(config):
            assert planned.source in dealt[planned.split]
            assert planned.drive in dealt[planned.split]
            assert (planned.source != planned.drive) == (planned.making is Making.FORGE)

    def test_classes_are_of_equal_size_in_every_split(self) -> None:
        planned = plan_corpus(SynthesisConfig(identities=12, clips=2, stills=1))
        for split in Split:
            counts = [sum(p.split is split and p.making is making for p in planned) for making in Making]
            assert counts[0] == counts[1] > 0
            assert counts[2] == counts[0]

    def test_ids_and_seeds_are_unique_and_follow_the_seed(self) -> None:
        first, again, other = (plan_corpus(SynthesisConfig(seed=seed)) for seed in (0, 0, 1))
        assert first == again != other
        assert len({planned.id for planned in first}) == len({planned.seed for planned in first}) == len(first)

    def test_test_styles_stand_in_the_test_split_and_nowhere_else(self) -> None:
        apart = ("clay", "sketch", "pixel")
        config = SynthesisConfig(identities=40, test_styles=apart)
        styles = {split: {style_of(number) for number in dealt} for split, dealt in deal_identities(config).items()}
        assert styles[Split.TEST] == set(apart)
        assert styles[Split.TRAIN] == set(STYLES) - set(apart)
        assert styles[Split.VAL] <= styles[Split.TRAIN]
        assert sum(map(len, deal_identities(config).values())) == 40

    @pytest.mark.parametrize(
        ("styles", "identities", "words"),
        [
            (("clay", "chalk"), 40, "test styles are some of real, cartoon, .*got clay, chalk"),
            (STYLES, 40, "and not all of them"),
            (("clay",), 10, "leave 1 for test; take more"),
        ],
    )
    def test_styles_that_leave_a_split_empty_are_refused(
        self, styles: tuple[str, ...], identities: int, words: str
    ) -> None:
        with pytest.raises(CorpusError, match=words):
            SynthesisConfig(identities=identities, test_styles=styles)

    def test_a_plan_that_cannot_be_filled_is_refused(self) -> None:
        with pytest.raises(CorpusError, match="at least 6"):
            SynthesisConfig(identities=5)
        with pytest.raises(CorpusError, match="2 frames"):
            SynthesisConfig(frames=1)


class TestSynthesis:
    def test_the_corpus_holds_what_was_planned(self, tiny_corpus: Corpus, recipe: SynthesisConfig) -> None:
        assert [sample.id for sample in tiny_corpus.samples] == [planned.id for planned in plan_corpus(recipe)]
        assert Corpus.load(tiny_corpus.root) == tiny_corpus
        rows = {(row.split, row.slice, row.label): (row.clips, row.stills) for row in tally(tiny_corpus.samples)}
        assert rows[Split.TEST, Slice.CONTROL, Label.GENUINE] == rows[Split.TEST, Slice.MAIN, Label.GENUINE] == (2, 2)

    @pytest.mark.slow
    def test_forged_and_control_files_are_sealed_and_genuine_ones_carry_nothing(
        self, tiny_corpus: Corpus, deployment: Deployment
    ) -> None:
        wanted = {
            (Label.FORGED, Slice.MAIN): PayloadKind.GENERATED,
            (Label.GENUINE, Slice.CONTROL): PayloadKind.CONTROL,
            (Label.GENUINE, Slice.MAIN): None,
        }
        for (label, part), kind in wanted.items():
            for sample in tiny_corpus.where(split=Split.TEST, label=label, slice=part)[:2]:
                found = read_provenance(tiny_corpus.file(sample), deployment)
                assert found.mark is not None
                assert (found.mark.kind, found.mark.id) == (kind, sample.mark_id)
                assert found.credential.state == ("absent" if kind is None else "trusted")

    def test_a_control_file_differs_from_its_plain_twin_by_the_mark_alone(self, tiny_corpus: Corpus) -> None:
        control = tiny_corpus.where(slice=Slice.CONTROL)[0]
        twin = next(sample for sample in tiny_corpus.samples if sample.id == control.id.removesuffix("-control"))
        one, other = (read_media(tiny_corpus.file(sample)).frames.astype(int) for sample in (control, twin))
        assert (control.source_id, control.drive_id, control.identities) == (
            twin.source_id,
            twin.drive_id,
            twin.identities,
        )
        assert 0 < np.abs(one - other).mean() < 4

    def test_sidecars_hold_the_face_of_every_frame(self, tiny_corpus: Corpus, recipe: SynthesisConfig) -> None:
        for sample in tiny_corpus.samples[:6]:
            faces = Faces.load(tiny_corpus.root / str(sample.landmarks))
            assert len(faces) == sample.frames
            inside = (faces.landmarks > -20) & (faces.landmarks < recipe.size + 20)
            assert inside.mean() > 0.95

    def test_a_finished_corpus_is_not_made_again_and_a_damaged_sample_is(
        self, copied: Corpus, recipe: SynthesisConfig, forger: Forger, deployment: Deployment
    ) -> None:
        damaged = copied.where(label=Label.GENUINE, slice=Slice.MAIN)[1]
        copied.file(damaged).write_bytes(b"damaged")
        before = {sample.id: copied.file(sample).stat().st_mtime_ns for sample in copied.samples}
        made = synthesize(copied.root, recipe, forger, deployment)
        touched = [sample.id for sample in made.samples if made.file(sample).stat().st_mtime_ns != before[sample.id]]
        assert touched == [damaged.id]
        assert made.samples == copied.samples

    def test_another_recipe_is_refused_in_the_same_folder(
        self, copied: Corpus, recipe: SynthesisConfig, forger: Forger, deployment: Deployment
    ) -> None:
        with pytest.raises(CorpusError, match="another recipe"):
            synthesize(copied.root, dataclasses.replace(recipe, seed=6), forger, deployment)


@pytest.mark.parametrize(
    ("damage", "words"),
    [(lambda path: path.write_bytes(b"x"), "no sidecar"), (lambda path: path.unlink(), "no sidecar")],
)
def test_a_damaged_sidecar_is_refused_by_name(copied: Corpus, damage: Callable[[Path], object], words: str) -> None:
    path = copied.root / str(copied.samples[0].landmarks)
    damage(path)
    with pytest.raises(CorpusError, match=rf"{path.name} is {words}"):
        Faces.load(path)
