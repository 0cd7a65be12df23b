"""Resolve each extra for every platform and Python version that facetrail names: results/extras.csv.

Nothing is installed: `uv`, which must be on the path, looks for a set of wheels that satisfies the requirements there.
An answer says that such wheels exist, not that facetrail works with them.

    python -m tools.docs.resolve_extras
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tomllib
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLATFORMS = {"Linux": "x86_64-manylinux_2_28", "macOS 14, Apple silicon": "aarch64-apple-darwin", "Windows": "windows"}
PYTHONS = ("3.11", "3.12", "3.13")
OLDEST_MACOS = "14.0"
RESULTS = ROOT / "results" / "extras.csv"
HEADER = ["extra", "platform", "python", "resolves", "why"]
DEVELOPERS = ("dev",)
"""Extras that only the tests need, on the platform where they run."""


def resolve(uv: str, extra: str, target: str, python: str) -> str:
    """Return the reason why an extra cannot be had as wheels, empty where it can.

    Args:
        uv: Path of the program.
        extra: Name of the extra.
        target: The platform by uv's name.
        python: Version of Python, as "3.12".
    """
    command = [uv, "pip", "compile", "--quiet", "--only-binary", ":all:", "--extra", extra]
    command += ["--python-version", python, "--python-platform", target, str(ROOT / "pyproject.toml")]
    settings = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": OLDEST_MACOS}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=settings)
    if done.returncode == 0:
        return ""
    said = [line for line in done.stderr.splitlines() if "ecause" in line] or done.stderr.splitlines()
    return " ".join(said[0].split())[:160] if said else f"uv ended with {done.returncode}"


def main() -> None:
    """Resolve, print and write the results file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="EXTRA", help="resolve these anew and keep the rows of the others")
    only = parser.parse_args().only
    uv = shutil.which("uv")
    if uv is None:
        sys.exit("uv is not on the path; pip install uv")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [name for name in project["optional-dependencies"] if name not in DEVELOPERS]
    known = {tuple(row[:3]): row for row in read_rows()} if only else {}
    found: list[list[str]] = []
    for name, target in PLATFORMS.items():
        for python, extra in product(PYTHONS, extras):
            kept = known.get((extra, name, python))
            if kept is None or extra in only:
                why = resolve(uv, extra, target, python)
                kept = [extra, name, python, str(not why), why]
                print(", ".join(kept), flush=True)
            found.append(kept)
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER, *found])


def read_rows() -> list[list[str]]:
    """Return the rows of the results file."""
    with RESULTS.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


if __name__ == "__main__":
    main()
