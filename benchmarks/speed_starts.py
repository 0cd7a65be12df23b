"""Cases of the table of speed: what an installation weighs, and how soon commands and packages are there."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from PIL import Image

from benchmarks.speed_case import COMMAND, ROOT, Case, limit, start
from benchmarks.speed_work import scene
from tools.docs.measure_installation import closure, size


def installs(folder: Path, quick: bool) -> Iterator[Case]:
    """Yield the cases of installation, which need no folder and have one size."""
    del folder, quick
    yield Case("install: provenance", "MB", partial(megabytes, "provenance"), "limit", limit(400.0), 1)
    yield Case("install: full", "MB", partial(megabytes, "full"), "limit", limit(2000.0), 1)


def starts(folder: Path, quick: bool) -> Iterator[Case]:
    """Yield the cases of starts.

    Args:
        folder: Folder for the picture that they open.
        quick: Whether the sizes are small; these cases have one size.
    """
    del quick
    for room, most in (("watermark", 1.0), ("detectors", 2.0), ("generator", 2.0), ("forensics", 0.1)):
        yield Case(f"start: import {room}", "s", partial(start, "-c", f"import {room}"), "limit", limit(most))
    picture = folder / "start.jpg"
    Image.fromarray(scene((220,), 512, seed=1)).save(picture, quality=92)
    for words, most in ((("--help",), 0.3), (("doctor",), 2.0), (("read", picture), 0.7), (("examine", picture), 2.5)):
        run = partial(start, "-c", COMMAND, *words)
        yield Case(f"start: facetrail {words[0]}, a new process", "s", run, "limit", limit(most))


def megabytes(extra: str) -> float:
    """Return what the packages of the base and of one extra weigh here, 10^6 bytes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = closure([*project["dependencies"], *project["optional-dependencies"][extra]])
    return sum(map(size, names)) / 1e6
