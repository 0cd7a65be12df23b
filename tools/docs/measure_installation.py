"""Measure the disk space that facetrail's requirements take, and each extra beyond them: results/install_sizes.csv.

The sizes are those of the files that pip installed here: run `python -m tools.docs.measure_installation` where every
extra in EXTRAS is installed.
"""

from __future__ import annotations

import csv
import platform
import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
EXTRAS = ("track", "sd15", "train", "app", "serve", "shards", "ray")
LARGEST = 3
"""How many of the largest packages are named."""


def closure(requirements: Iterable[str]) -> set[str]:
    """Return the names of all packages that requirements install here, their own requirements among them."""
    waiting = [Requirement(text) for text in requirements]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        key = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if key in seen:
            continue
        seen.add(key)
        for text in distribution(wanted.name).requires or ():
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *key[1])):
                waiting.append(needed)
    return {name for name, _ in seen}


def size(name: str) -> int:
    """Return the bytes of a package's files."""
    paths = (Path(str(file.locate())) for file in distribution(name).files or ())
    return sum(path.stat().st_size for path in paths if path.is_file())


def main() -> None:
    """Measure, write the results file and print it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    base = closure(project["dependencies"])
    full = base | closure(optional["full"])
    parts = {"facetrail": base, "full": full - base}
    for extra in EXTRAS:
        own = [one for one in optional[extra] if not one.startswith("facetrail[")]  # that is `full`
        parts[extra] = closure(own) - full
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, torch "
    machine += distribution("torch").version
    with (ROOT / "results" / "install_sizes.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["part", "packages", "megabytes", "largest", "machine"])
        for part, names in parts.items():
            sizes = {name: size(name) for name in names}
            largest = " ".join(sorted(sizes, key=lambda name: sizes[name], reverse=True)[:LARGEST])
            row = [part, len(names), round(sum(sizes.values()) / 1e6), largest, machine]
            writer.writerow(row)
            print(*row, sep=", ")


if __name__ == "__main__":
    main()
