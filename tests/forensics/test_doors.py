"""A folder's door offers what others use, and nobody goes round it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("forensics", "detectors", "generator", "watermark")
FILES = [
    path.relative_to(ROOT)
    for room in (*ROOMS, "benchmarks", "tools", "fuzzing")
    for path in sorted((ROOT / room).rglob("*.py"))
]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text("utf-8"))


def module_of(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def folder_of(path: Path) -> str:
    return ".".join(path.parts[:-1])


def offers(tree: ast.Module) -> bool:
    return any(
        isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and one.targets[0].id == "__all__"
        for one in tree.body
    )


DOORS = sorted(module_of(path) for path in FILES if path.name == "__init__.py" and offers(tree_of(path)))
INNER = [door for door in DOORS if door.startswith("forensics.")]


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the modules that a file imports from, and the lines."""
    for one in ast.walk(tree_of(path)):
        if isinstance(one, ast.ImportFrom):
            here = folder_of(path).split(".")[: len(folder_of(path).split(".")) - one.level + 1]
            yield ".".join([*here, one.module or ""] if one.level else [one.module or ""]).strip("."), one.lineno


def goes_round(path: Path, module: str) -> bool:
    """Return whether a file imports a module from behind a door of `forensics` that the file is outside of."""
    outside = [door for door in INNER if not f"{folder_of(path)}.".startswith(f"{door}.")]
    behind = [door for door in outside if module.startswith(f"{door}.")]
    return bool(behind) and module not in outside


@pytest.mark.slow
def test_nobody_goes_round_a_door_of_forensics() -> None:
    found = [
        f"{path}:{line}: {module}" for path in FILES for module, line in imported(path) if goes_round(path, module)
    ]
    assert found == []


def test_going_round_a_door_is_noticed() -> None:
    assert goes_round(Path("forensics/cli/commands/read.py"), "forensics.faces.cutting")
    assert not goes_round(Path("forensics/cli/commands/read.py"), "forensics.faces")
    assert not goes_round(Path("forensics/cli/commands/read.py"), "forensics.evaluation.run")
    assert not goes_round(Path("forensics/faces/crops.py"), "forensics.faces.cutting")


@pytest.mark.parametrize("door", DOORS)
def test_everything_that_a_door_offers_is_there(door: str) -> None:
    package = import_module(door)
    assert len(package.__all__) == len(set(package.__all__))
    assert all(getattr(package, name) is not None for name in package.__all__)
    # a module of the same name would be found in place of what a lazy door offers
    folder = ROOT / door.replace(".", "/")
    inside = {path.stem for path in folder.glob("*.py")} | {path.name for path in folder.iterdir() if path.is_dir()}
    assert "lazy_door" not in vars(package) or not inside & set(package.__all__)


def test_a_lazy_door_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="module 'forensics' has no attribute 'no_such_name'"):
        import_module("forensics").no_such_name  # noqa: B018 - reading it is the test


@pytest.mark.parametrize("rooms", ["forensics, forensics.corpus, forensics.faces", "detectors", "generator"])
def test_importing_a_room_with_a_lazy_door_loads_nothing_that_computes(rooms: str) -> None:
    code = f"import sys, {rooms}; sys.exit('numpy' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "light"),
    [
        ("from forensics.execution.environment import examine_installation as e; e()", ("torch", "scipy", "numba")),
        ("from forensics.cli.commands import read; import forensics.reporting.json_entries", ("torch", "scipy")),
        ("import watermark", ("torch", "scipy", "numba")),
        ("import forensics.examination.examiner, forensics.faces.mesh_finder", ("torch", "scipy", "numba")),
        ("import detectors; detectors.load_detector('cpu')", ("scipy", "numba", "sklearn", "torch._dynamo")),
        ("from generator.trackers import FaceMesh, find_face_mesh", ("torch", "scipy", "numba")),
    ],
)
def test_what_starts_often_loads_no_slow_package_that_it_does_not_need(code: str, light: tuple[str, ...]) -> None:
    program = f"import sys\n{code}\nprint(sorted(set({light!r}) & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"
