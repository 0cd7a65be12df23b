"""Check that readers of untrusted files raise only permitted errors on any input; fuzzing/fuzz.py searches further."""

from __future__ import annotations

import io
import random
import tempfile
import warnings
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.evaluation import read_scores
from forensics.execution.command_result import explain
from fuzzing import fuzz
from fuzzing.fuzz_targets import TARGETS, Target
from generator import DriveSequence
from generator.errors import MotionFileError

FEW, MANY = 25, 80
KEPT = [(name, path) for name in TARGETS for path in fuzz.kept(name)]
TEXTS = ("corpus manifest", "toml", "training toml", "scores csv", "scores json", "deepfakebench list")
SLOW = {"video", "credential", "toml"}


@cache
def seeds(name: str) -> list[bytes]:
    return TARGETS[name].seeds()


@cache
def place() -> Path:
    return Path(tempfile.mkdtemp(prefix="facetrail-fuzz-"))


def read(target: Target, data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # decoders warn of damage, which is not tested here
        target.run(data, place())


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_a_changed_file_is_read_or_refused(name: str) -> None:
    target = TARGETS[name]

    @settings(max_examples=FEW if name in SLOW else MANY, deadline=None, derandomize=True, database=None)
    @given(st.sampled_from(seeds(name)), st.integers(0, 2**32))
    def changed(data: bytes, seed: int) -> None:
        read(target, fuzz.mutated(data, random.Random(seed), seeds(name)))  # noqa: S311 - no secret

    changed()


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in SLOW])
def test_any_bytes_are_read_or_refused(name: str) -> None:
    target = TARGETS[name]

    @settings(max_examples=FEW, deadline=None, derandomize=True, database=None)
    @given(st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
    def anything(data: bytes) -> None:
        read(target, data)

    anything()


@pytest.mark.parametrize(
    ("name", "path"),
    [(name, path) for name in TARGETS for path in fuzz.kept(name)],
    ids=lambda one: getattr(one, "name", one),
)
def test_what_once_crashed_a_reader_is_refused(name: str, path: Path) -> None:
    read(TARGETS[name], path.read_bytes())


def test_what_fuzzing_found_is_kept() -> None:
    assert len(KEPT) >= 9
    assert all(path.stat().st_size < 8192 for _, path in KEPT)


@pytest.mark.parametrize(
    "name", ["corpus manifest", "toml", "training toml", "scores csv", "scores json", "deepfakebench list"]
)
@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"id": "a", "id": "b"}',
        '{"frames": NaN}',
        '{"frames": 1e999}',
        "[" + "9" * 5000 + "]",
        "a = " + "[" * 100_000,
        "steps = " + "9" * 5000,
        "video,identity,label,score\na,p,1,1e999\n",
        'video,identity,label,score\n"' + "x" * 200_000,
        "video\0,identity,label,score\na,p,1,0\n",
        "\ud83d".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
    ids=lambda text: f"{text[:12]!r}",
)
def test_numbers_nesting_and_twins_are_refused_in_one_line(name: str, text: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    path = tmp_path / f"input{target.suffix}"
    path.write_bytes(text.encode())
    with pytest.raises(target.refusals) as caught:
        (read_scores if name == "scores csv" else target.read)(path)
    assert path.name in str(caught.value) or "manifest.jsonl" in str(caught.value) or "list.json" in str(caught.value)
    assert "\n" not in explain(caught.value, path)


class TestMotion:
    @pytest.mark.slow
    def test_pickled_objects_and_shapes_that_lie_are_refused(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "objects.npz", shape=np.array([{"a": 1}], dtype=object))
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 50)})
        bomb = io.BytesIO()
        np.lib.format.write_array_header_1_0(bomb, {"descr": "<f4", "fortran_order": False, "shape": (1 << 29,)})
        for name, start, zeros in (("shape", header, 0), ("bomb", bomb, 2 << 30)):
            with (
                zipfile.ZipFile(tmp_path / f"{name}.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
                archive.open("shape.npy", "w", force_zip64=True) as member,
            ):
                member.write(start.getvalue())
                for _ in range(zeros >> 24):
                    member.write(bytes(1 << 24))
        said = {"objects": "holds pickled objects", "shape": "which is not what it holds", "bomb": "at most"}
        for name, words in said.items():
            with pytest.raises(MotionFileError, match=words):
                DriveSequence.load(tmp_path / f"{name}.npz")
