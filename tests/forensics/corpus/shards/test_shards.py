"""Exports: pairs side by side, the same bytes whoever writes, read by the libraries they are for, and back again."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from forensics.corpus import Corpus, Label, Sample, save_masks, write_manifest
from forensics.corpus.importers.importing import import_corpus
from forensics.corpus.shards.exporting import JOURNAL, PARQUET, Target, export_corpus
from forensics.corpus.shards.index import INDEX
from forensics.corpus.shards.parquet import columns
from forensics.corpus.shards.planning import plan_shards
from forensics.corpus.shards.unpacking import unpack_corpus
from forensics.errors import CorpusError
from forensics.execution.workers import WorkerConfig
from forensics.faces import Faces
from watermark import encode_clip

from ...cli.test_main import SCHEMAS, complaints
from ..test_corpus import make_sample

SMALL = 1 << 15
"""Bytes of a shard, so that a tiny corpus fills several."""


def digests(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture(scope="module")
def exported(tiny_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read-only."""
    out = tmp_path_factory.mktemp("exported") / "shards"
    export_corpus(tiny_corpus, out, Target.WEBDATASET, seed=3, most_bytes=SMALL)
    return out


class TestPlan:
    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 500))
    def test_every_sample_stands_once_and_no_pair_is_torn(self, seed: int, count: int, most: int) -> None:
        rng = np.random.default_rng(seed)
        samples = [
            make_sample(f"s{n}", source_id=f"p{rng.integers(8)}", label=rng.choice(list(Label))) for n in range(count)
        ]
        sizes = rng.integers(1, 100, count).tolist()
        plans = plan_shards(
            samples, lambda one: one.split.value, lambda one: sizes[samples.index(one)], seed=seed, most_bytes=most
        )
        packed = [one for plan in plans for one in plan.packed]
        assert sorted(one.number for one in packed) == list(range(count))
        assert [one.key for one in packed] == [f"{n:09d}" for n in range(count)]
        homes: dict[str, set[str]] = {}
        for plan in plans:
            for one in plan.packed:
                homes.setdefault(one.sample.pair, set()).add(plan.name)
            pairs = {one.sample.pair for one in plan.packed}
            assert len(pairs) == 1 or sum(sizes[one.number] for one in plan.packed) <= most
        assert all(len(shards) == 1 for shards in homes.values())

    def test_a_forged_sample_follows_the_genuine_one_of_the_same_motion(self, tiny_corpus: Corpus) -> None:
        edits = [
            dataclasses.replace(one, id=f"{one.id}-edit", label=Label.FORGED, original=one.source_id)
            for one in tiny_corpus.where(label=Label.GENUINE)
            if one.mark_id is None
        ]
        plans = plan_shards(
            (*tiny_corpus.samples, *edits), lambda one: one.split.value, lambda one: 1, seed=0, most_bytes=5
        )
        order = [one.sample.id for plan in plans for one in plan.packed]
        for edit in edits:
            assert (
                1 <= order.index(edit.id) - order.index(edit.id.removesuffix("-edit")) <= 2
            )  # a control may stand between

    def test_the_order_follows_the_seed(self, tiny_corpus: Corpus) -> None:
        def order(seed: int) -> list[int]:
            plans = plan_shards(tiny_corpus.samples, lambda one: "all", lambda one: 1, seed=seed, most_bytes=9)
            return [one.number for plan in plans for one in plan.packed]

        assert order(1) == order(1) != order(2)


class TestTheSameBytes:
    @pytest.mark.slow
    @pytest.mark.parametrize("target", [Target.WEBDATASET, Target.DATASETS])
    def test_one_two_and_four_workers_write_the_same_bytes(
        self, tiny_corpus: Corpus, tmp_path: Path, target: Target
    ) -> None:
        found = []
        for workers in (1, 2, 4):
            out = tmp_path / f"{workers}"
            export_corpus(
                tiny_corpus, out, target, seed=3, most_bytes=SMALL, worker_config=WorkerConfig(workers=workers)
            )
            found.append(digests(out))
        assert len(found[0]) > 6
        assert found[0] == found[1] == found[2]

    def test_an_export_that_was_cut_off_continues_and_ends_alike(
        self, tiny_corpus: Corpus, tmp_path: Path, exported: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from forensics.corpus.shards import exporting

        write, written = exporting.write_tar, []

        def tiring(corpus: Corpus, plan: object, path: Path) -> None:
            if len(written) == 2:
                raise OSError(28, "No space left on device")
            write(corpus, plan, path)
            written.append(path)

        monkeypatch.setattr(exporting, "write_tar", tiring)
        out = tmp_path / "out"
        with pytest.raises(OSError, match="No space"):
            export_corpus(tiny_corpus, out, Target.WEBDATASET, seed=3, most_bytes=SMALL)
        assert not (out / INDEX).exists()
        assert len(list(out.glob("*.tar"))) == 2
        with (out / JOURNAL).open("a") as journal:
            journal.write('{"name": "cut o')
        monkeypatch.setattr(exporting, "write_tar", write)
        done = export_corpus(tiny_corpus, out, Target.WEBDATASET, seed=3, most_bytes=SMALL)
        assert done.kept == 2
        assert digests(out) == digests(exported)
        again = export_corpus(tiny_corpus, out, Target.WEBDATASET, seed=3, most_bytes=SMALL)
        assert again.kept == len(again.index.shards)
        assert digests(out) == digests(exported)

    def test_a_shard_that_was_damaged_since_is_written_again(
        self, tiny_corpus: Corpus, tmp_path: Path, exported: Path
    ) -> None:
        out = tmp_path / "out"
        shutil.copytree(exported, out)
        shard = next(out.glob("test-*.tar"))
        shard.write_bytes(shard.read_bytes()[:-1] + b"x")
        done = export_corpus(tiny_corpus, out, Target.WEBDATASET, seed=3, most_bytes=SMALL)
        assert done.kept == len(done.index.shards) - 1
        assert digests(out) == digests(exported)

    @pytest.mark.parametrize("changed", ["seed", "most_bytes", "corpus"])
    def test_a_folder_that_holds_another_export_is_refused(
        self, tiny_corpus: Corpus, tmp_path: Path, exported: Path, changed: str
    ) -> None:
        out = tmp_path / "out"
        shutil.copytree(exported, out)
        other = dataclasses.replace(tiny_corpus, samples=tiny_corpus.samples[::-1])
        corpus = other if changed == "corpus" else tiny_corpus
        asked = {"seed": 3, "most_bytes": SMALL} | ({} if changed == "corpus" else {changed: 1 << 30})
        with pytest.raises(CorpusError, match="another corpus, seed or size"):
            export_corpus(corpus, out, Target.WEBDATASET, **asked)

    @pytest.mark.parametrize("harm", ["changed", "missing"])
    def test_media_that_is_not_what_the_manifest_says_is_not_exported(
        self, tiny_corpus: Corpus, tmp_path: Path, harm: str
    ) -> None:
        shutil.copytree(tiny_corpus.root, tmp_path / "corpus")
        corpus = Corpus.load(tmp_path / "corpus")
        path = corpus.file(corpus.samples[0])
        path.unlink() if harm == "missing" else path.write_bytes(b"x")
        said = "is missing" if harm == "missing" else "not the file the manifest describes"
        with pytest.raises(CorpusError, match=rf"{path.name} is (missing|not the file)") as caught:
            export_corpus(corpus, tmp_path / "out", Target.WEBDATASET)
        assert said in str(caught.value)
        assert not (tmp_path / "out" / INDEX).exists()


class TestOthersReadIt:
    @pytest.mark.slow
    def test_webdataset_gives_every_sample_with_its_label_and_media(self, tiny_corpus: Corpus, exported: Path) -> None:
        """In a process of its own: the library warns at import of what pytest takes for an error."""
        script = (
            "import json, sys, webdataset\n"
            "for one in webdataset.WebDataset(sys.argv[1:], shardshuffle=False):\n"
            "    media = one.get('mp4') or one.get('jpg')\n"
            "    about = json.loads(one['json'])\n"
            "    print(json.dumps([about['sample']['id'], int(one['cls']), len(media), one['__key__']]))\n"
        )
        shards = sorted(str(path) for path in exported.glob("*.tar"))
        said = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script, *shards], capture_output=True, text=True, check=True
        )
        found = {name: (label, size) for name, label, size, _ in map(json.loads, said.stdout.splitlines())}
        assert found == {
            one.id: (int(one.label is Label.FORGED), tiny_corpus.file(one).stat().st_size)
            for one in tiny_corpus.samples
        }

    @pytest.mark.slow
    def test_datasets_loads_stills_and_clips_with_labels_and_splits(self, tiny_corpus: Corpus, tmp_path: Path) -> None:
        """In a process of its own, offline, with a cache of its own."""
        out = tmp_path / "hub"
        export_corpus(tiny_corpus, out, Target.DATASETS, most_bytes=SMALL)
        script = (
            "import json, sys, datasets\n"
            "for kind in ('stills', 'clips'):\n"
            "    found = datasets.load_dataset(sys.argv[1], kind)\n"
            "    for split, rows in found.items():\n"
            "        if kind == 'stills':\n"
            "            assert rows[0]['image'].size == (192, 192), rows[0]['image'].size\n"
            "        names = rows.features['label'].names\n"
            "        media = 'image' if kind == 'stills' else 'video'\n"
            "        bare = rows.cast_column(media, type(rows.features[media])(decode=False))\n"
            "        for row in bare:\n"
            "            size = len(row[media]['bytes'])\n"
            "            print(json.dumps([row['id'], split, names[row['label']], row['identities'], size]))\n"
        )
        quiet = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache")}
        command = [sys.executable, "-W", "ignore", "-c", script, str(out)]
        said = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | quiet)
        assert said.returncode == 0, said.stderr[-2000:]
        found = {name: facts for name, *facts in map(json.loads, said.stdout.splitlines())}
        splits = {"val": "validation"}
        assert found == {
            one.id: [
                splits.get(one.split.value, one.split.value),
                one.label.value,
                list(one.identities),
                tiny_corpus.file(one).stat().st_size,
            ]
            for one in tiny_corpus.samples
        }

    def test_the_parquet_manifest_has_the_stated_columns_and_every_row(
        self, tiny_corpus: Corpus, exported: Path
    ) -> None:
        table = pq.read_table(exported / PARQUET)
        stated = {"int64": "int64", "double": "double", "string": "string", "list<string>": "list<element: string>"}
        stated["list<list<double>>"] = "list<element: list<element: double>>"
        assert {field.name: str(field.type) for field in table.schema} == {
            name: stated[kind] for name, kind in columns().items()
        }
        rows = {row["id"]: row for row in table.to_pylist()}
        for sample in tiny_corpus.samples:
            row = rows[sample.id]
            assert Sample.from_json(json.dumps({k: v for k, v in row.items() if k not in ("shard", "key")})) == sample
            with tarfile.open(exported / row["shard"]) as tar:
                assert f"{row['key']}.json" in tar.getnames()

    def test_a_bare_manifest_names_no_shard(self, tiny_corpus: Corpus, tmp_path: Path) -> None:
        done = export_corpus(tiny_corpus, tmp_path / "out", Target.PARQUET)
        assert done.index.shards == ()
        table = pq.read_table(tmp_path / "out" / PARQUET)
        assert len(table) == len(tiny_corpus.samples)
        assert set(table["shard"].to_pylist()) == {None}


@pytest.fixture(scope="module")
def masked(tiny_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> tuple[Corpus, dict[str, np.ndarray]]:
    """Return a copy of the corpus whose forged samples have masks of several kinds, and the masks."""
    root = tmp_path_factory.mktemp("masked") / "corpus"
    shutil.copytree(tiny_corpus.root, root)
    (root / "masks").mkdir()
    masks: dict[str, np.ndarray] = {}
    samples: list[Sample] = []
    for number, sample in enumerate(tiny_corpus.samples):
        if sample.label is Label.FORGED:
            shown = np.zeros((sample.frames, sample.height, sample.width), bool)
            for frame in range(sample.frames):
                shown[frame, 10 + number : 90, 20 : 60 + 10 * frame] = True
            if sample.is_still and number % 2:
                place = f"masks/{sample.id}.png"
                Image.fromarray(shown[0].astype(np.uint8) * 255).save(root / place)
            elif number % 2:
                place = f"masks/{sample.id}.mp4"
                white = np.repeat(shown[..., None].astype(np.uint8) * 255, 3, axis=-1)
                encode_clip(white, root / place, 25, crf=0)
            else:
                place = f"masks/{sample.id}.npz"
                save_masks(shown, root / place)
            masks[sample.id] = shown
            sample = dataclasses.replace(sample, mask=place)
        samples.append(dataclasses.replace(sample, absent_frames=number % 2))
    write_manifest(root, samples)
    return Corpus.load(root), masks


def white_of(picture: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(picture)) as mask:
        assert (mask.format, mask.mode) == ("PNG", "L")
        shown = np.asarray(mask)
    assert set(np.unique(shown)) <= {0, 255}
    return shown == 255


class TestMasksAndLandmarks:
    def test_shards_hold_masks_as_pictures_and_landmarks_as_json_and_come_back_the_same(
        self, masked: tuple[Corpus, dict[str, np.ndarray]], tmp_path: Path
    ) -> None:
        corpus, masks = masked
        export_corpus(corpus, tmp_path / "out", Target.WEBDATASET, most_bytes=SMALL)
        members: dict[str, bytes] = {}
        for shard in (tmp_path / "out").glob("*.tar"):
            with tarfile.open(shard) as tar:
                members |= {name: tar.extractfile(name).read() for name in tar.getnames()}
        keys = {
            json.loads(content)["sample"]["id"]: name[:9] for name, content in members.items() if name[9:] == ".json"
        }
        for sample in corpus.samples:
            key = keys[sample.id]
            pictures = [members[name] for name in sorted(members) if name.startswith(f"{key}.mask-")]
            assert len(pictures) == (len(masks[sample.id]) if sample.id in masks else 0)
            for picture, mask in zip(pictures, masks.get(sample.id, ()), strict=True):
                np.testing.assert_array_equal(white_of(picture), mask)
            faces = Faces.load(corpus.root / str(sample.landmarks))
            told = json.loads(members[f"{key}.faces.json"])
            np.testing.assert_allclose(told["landmarks"], faces.landmarks)
            np.testing.assert_array_equal(told["frames"], faces.frames)
            np.testing.assert_allclose(told["boxes"], faces.boxes)
        unpack_corpus(tmp_path / "out", tmp_path / "back")
        before, after = digests(corpus.root), digests(tmp_path / "back")
        del before["recipe.json"]
        assert after == before

    @pytest.mark.slow
    def test_datasets_loads_masks_as_pictures_and_landmarks_as_numbers(
        self, masked: tuple[Corpus, dict[str, np.ndarray]], tmp_path: Path
    ) -> None:
        """In a process of its own, offline, with a cache of its own."""
        corpus, masks = masked
        export_corpus(corpus, tmp_path / "hub", Target.DATASETS, most_bytes=SMALL)
        script = (
            "import json, sys, datasets, numpy\n"
            "found = datasets.load_dataset(sys.argv[1], 'stills')\n"
            "for split, rows in found.items():\n"
            "    for row in rows:\n"
            "        shown = [numpy.asarray(one).tolist() for one in row['mask'] or ()]\n"
            "        print(json.dumps([row['id'], shown, row['landmarks'], row['face_boxes'], row['face_frames']]))\n"
        )
        quiet = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache")}
        command = [sys.executable, "-W", "ignore", "-c", script, str(tmp_path / "hub")]
        said = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | quiet)
        assert said.returncode == 0, said.stderr[-2000:]
        rows = {name: rest for name, *rest in map(json.loads, said.stdout.splitlines())}
        stills = [sample for sample in corpus.samples if sample.is_still]
        assert set(rows) == {sample.id for sample in stills}
        for sample in stills:
            shown, landmarks, boxes, frames = rows[sample.id]
            faces = Faces.load(corpus.root / str(sample.landmarks))
            np.testing.assert_allclose(landmarks, faces.landmarks)
            np.testing.assert_allclose(boxes, faces.boxes)
            assert frames == faces.frames.tolist()
            expected = masks.get(sample.id)
            if expected is None:
                assert shown == []
            else:
                np.testing.assert_array_equal(np.array(shown) == 255, expected)
        clips = pq.read_table(next((tmp_path / "hub/clips").glob("t*.parquet"))).to_pylist()
        for row in clips:
            pictures = [white_of(one["bytes"]) for one in row["mask"] or ()]
            expected = masks.get(row["id"], np.zeros((0,), bool))
            assert len(pictures) == len(expected)
            assert all(np.array_equal(one, mask) for one, mask in zip(pictures, expected, strict=True))

    def test_a_mask_that_is_missing_is_named(
        self, masked: tuple[Corpus, dict[str, np.ndarray]], tmp_path: Path
    ) -> None:
        corpus, _ = masked
        lost = [
            dataclasses.replace(one, mask="masks/gone.npz") if one.mask is not None else one for one in corpus.samples
        ]
        broken = dataclasses.replace(corpus, samples=tuple(lost))
        with pytest.raises(CorpusError, match=r"gone\.npz"):
            export_corpus(broken, tmp_path / "out", Target.DATASETS)


class TestBackAgain:
    def test_what_is_unpacked_is_the_corpus_that_was_exported(
        self, tiny_corpus: Corpus, exported: Path, tmp_path: Path
    ) -> None:
        corpus, index = unpack_corpus(exported, tmp_path / "back")
        assert index.samples == len(corpus.samples)
        before, after = digests(tiny_corpus.root), digests(tmp_path / "back")
        del before["recipe.json"]
        assert after == before

    def test_an_imported_corpus_comes_back_in_a_folder_of_its_own(self, tmp_path: Path) -> None:
        for part in ("real", "fake"):
            for number in range(4):
                folder = tmp_path / f"wild/{part}_train/{number}"
                folder.mkdir(parents=True)
                for frame in range(2):
                    pixels = np.random.default_rng([number, frame, len(part), part == "real"]).integers(
                        0, 255, (16, 16, 3)
                    )
                    Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{frame}.png")
        corpus = import_corpus(tmp_path / "wild", tmp_path / "corpus", seed=0)[0]
        export_corpus(corpus, tmp_path / "out", Target.WEBDATASET)
        back, _ = unpack_corpus(tmp_path / "out", tmp_path / "back")
        shutil.rmtree(tmp_path / "wild")
        assert [(one.id, one.sha256, one.files) for one in back.samples] == [
            (one.id, one.sha256, one.files) for one in corpus.samples
        ]
        assert all(path.is_file() for one in back.samples for path in back.files(one))

    def test_the_commands_say_what_they_did(
        self, tiny_corpus: Corpus, tmp_path: Path, facetrail: Callable[..., tuple[int, str, str]]
    ) -> None:
        code, out, _ = facetrail("corpus", "export", tiny_corpus.root, "-o", tmp_path / "out", "--json")
        answer = json.loads(out)
        assert code == 0
        assert complaints(answer, json.loads((SCHEMAS / "corpus_export.json").read_text())) == []
        assert answer["results"][0]["samples"] == len(tiny_corpus.samples)
        code, out, _ = facetrail("corpus", "import", tmp_path / "out", "-o", tmp_path / "back", "--json")
        assert code == 0
        assert complaints(json.loads(out), json.loads((SCHEMAS / "corpus_import.json").read_text())) == []
        code, _, err = facetrail("corpus", "import", "webdataset", tmp_path / "out", "-o", tmp_path / "back")
        assert code == 1
        assert "holds a corpus already" in err

    def test_without_pyarrow_the_way_to_get_it_is_named(
        self,
        tiny_corpus: Corpus,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        facetrail: Callable[..., tuple[int, str, str]],
    ) -> None:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        code, _, err = facetrail("corpus", "export", tiny_corpus.root, "--to", "parquet", "-o", tmp_path / "out")
        assert code == 1
        assert "pip install 'facetrail[shards]'" in err
