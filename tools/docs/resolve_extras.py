"""Resolve each extra for every platform and Python version that facetrail names: results/extras.csv.

Nothing is installed: `uv`, which must be on the path, looks for a set of wheels that satisfies the requirements there.
An answer says that such wheels exist, not that facetrail works with them.

    python -m tools.docs.resolve_extras
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLATFORMS = {"Linux": "x86_64-manylinux_2_28", "macOS 14, Apple silicon": "aarch64-apple-darwin", "Windows": "windows"}
PYTHONS = ("3.11", "3.12", "3.13")
OLDEST_MACOS = "14.0"
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
    uv = shutil.which("uv")
    if uv is None:
        sys.exit("uv is not on the path; pip install uv")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [name for name in project["optional-dependencies"] if name not in DEVELOPERS]
    with (ROOT / "results" / "extras.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["extra", "platform", "python", "resolves", "why"])
        for name, target in PLATFORMS.items():
            for python in PYTHONS:
                for extra in extras:
                    why = resolve(uv, extra, target, python)
                    writer.writerow([extra, name, python, not why, why])
                    file.flush()
                    if why:
                        print(extra, name, python, why, sep=", ", flush=True)


if __name__ == "__main__":
    main()
