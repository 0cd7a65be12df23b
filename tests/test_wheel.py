"""The wheel works outside of the source tree, with the packages of its own requirements and no others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import distribution
from pathlib import Path

import cv2
import numpy as np
import pytest

from forensics.execution.extras import EXTRAS
from tools.docs.measure_installation import closure

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and install it with `provenance` into a new environment; return the environment's programs.

    What the wheel requires is linked from here, so that nothing is downloaded.
    """
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder], check=True, cwd=ROOT
    )
    (wheel,) = folder.glob("facetrail-*.whl")
    venv.create(folder / "environment")
    programs = folder / "environment" / "bin"
    python = str(programs / "python")
    (packages,) = (folder / "environment" / "lib").glob("python*/site-packages")
    for name in closure([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["provenance"]]):
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            (packages / top).symlink_to(Path(str(found.locate_file(top))).resolve())
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, str(wheel)], check=True)
    return programs


@pytest.fixture
def run(installed: Path, tmp_path: Path):
    """Return a function that runs the installed console command in a folder of its own."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    variables |= {"FACETRAIL_HOME": str(tmp_path / "home"), "FACETRAIL_CACHE": str(tmp_path / "cache")}

    def facetrail(*arguments: object, program: str = "facetrail") -> subprocess.CompletedProcess[str]:
        command = [str(installed / program), *map(str, arguments)]
        return subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=variables)

    return facetrail


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a small picture with some detail."""
    noise = np.random.default_rng(3).normal(128, 50, (40, 60, 3)).clip(0, 255).astype(np.uint8)
    path = tmp_path / "picture.png"
    assert cv2.imwrite(str(path), cv2.resize(noise, (480, 320), interpolation=cv2.INTER_CUBIC))
    return path


def test_the_wheel_comes_from_no_source_tree_and_finds_no_package_of_an_extra(run):
    names = sorted(EXTRAS)
    program = "import importlib.util as u, json, sys, watermark\n"
    program += "print(json.dumps([watermark.__file__, [n for n in sys.argv[1:] if u.find_spec(n)]]))"
    done = run("-c", program, *names, program="python")
    place, found = json.loads(done.stdout)
    assert "site-packages" in place and not Path(place).is_relative_to(ROOT)
    assert found == []
    assert run("--version").stdout == f"facetrail {PROJECT['version']}\n"


def test_a_file_is_sealed_signed_read_and_examined_without_torch(run, picture, tmp_path):
    sealed, signed = tmp_path / "sealed.jpg", tmp_path / "signed.png"
    done = run("seal", picture, "-o", sealed, "--kind", "captured")
    assert done.returncode == 0, done.stderr
    done = run("sign", picture, "-o", signed, "--kind", "captured")
    assert done.returncode == 0, done.stderr
    (read,) = json.loads(run("read", sealed, "--json").stdout)["results"]
    assert (read["outcome"], read["mark"]["present"]) == ("trusted", True)
    done = run("examine", sealed, signed, "--json")
    first, second = json.loads(done.stdout)["results"]
    assert done.returncode == 0, done.stderr
    assert first["mark"]["present"] and not second["mark"]["present"]
    assert {first["credential"]["state"], second["credential"]["state"]} == {"trusted"}
    assert first["finding"] == second["finding"] == "inconclusive"
    assert "pip install 'facetrail[full]'" in first["answer"]["sentence"]


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (("examine", "--detector", "cpu", "picture.png"), "full"),
        (("animate", "picture.png", "picture.png", "-o", "out.mp4"), "full"),
        (("demo", "--out", "out"), "full"),
        (("serve",), "serve"),
        (("app",), "app"),
    ],
)
def test_what_is_not_installed_is_one_line_that_names_the_extra(run, picture, command, extra):
    done = run(*command)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith(f"facetrail {command[0]}: ")]
    assert line.endswith(f"`pip install 'facetrail[{extra}]'`")
    assert "Traceback" not in done.stderr
    assert not list(picture.parent.glob("out*"))


def test_the_doctor_names_what_the_demo_lacks(run):
    done = run("doctor", "--json")
    parts = {part["name"]: part for part in json.loads(done.stdout)["results"]}
    assert done.returncode == 1
    assert parts["numpy"]["present"] and not parts["torch"]["present"]
    assert "facetrail[full]" in parts["torch"]["remedy"]
