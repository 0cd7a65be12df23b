"""A package that is missing is one line, which names the extra that really brings it."""

from __future__ import annotations

import pickle
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from forensics.execution.command_result import error_entry, explain, unexpected
from forensics.execution.environment import package_parts
from forensics.execution.extras import EXTRAS, missing_package

ROOT = Path(__file__).parents[3]
OPTIONAL = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
FOR_DEVELOPERS = {"bench", "dev", "docs", "fuzz"}


@pytest.mark.parametrize("extra", sorted(set(OPTIONAL) - FOR_DEVELOPERS - {"provenance"}))
def test_the_packages_of_an_extra_are_known_by_the_names_that_are_imported(extra):
    modules = packages_distributions()
    wanted = {re.split(r"[^\w-]", one)[0].replace("_", "-") for one in OPTIONAL[extra]} - {"facetrail"}
    named = (name for module, names in modules.items() if EXTRAS.get(module) == extra for name in names)
    known = {name.lower().replace("_", "-") for name in named}
    assert wanted <= known


def test_the_extra_for_provenance_adds_nothing_to_the_base():
    assert OPTIONAL["provenance"] == []


def test_a_missing_package_is_one_line_that_names_the_extra():
    error = ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")
    line = "this needs the package torch; get it with `pip install 'facetrail[full]'`"
    assert missing_package(error) == explain(error) == line
    assert missing_package(pickle.loads(pickle.dumps(error))) == line  # noqa: S301 - as a process sends it
    assert error_entry(error)["error"]["message"] == line  # type: ignore[index,call-overload]
    result = unexpected(error, Path("a.jpg"))
    assert (result.failed, result.complaint) == (True, f"a.jpg: {line}")


@pytest.mark.parametrize(
    "error",
    [ModuleNotFoundError("No module named 'x'", name="x"), ModuleNotFoundError("x"), ImportError("x", name="torch")],
)
def test_any_other_failed_import_stays_unexpected(error):
    assert missing_package(error) is None
    assert "unexpected" in unexpected(error, Path("a.jpg")).complaint


def test_the_doctor_names_an_extra_for_every_package_of_one(monkeypatch):
    monkeypatch.setattr("forensics.execution.environment.installed_version", lambda name: None)
    parts = {part.name: part for part in package_parts()}
    assert parts["torch"].needed and "facetrail[full]" in parts["torch"].remedy
    assert not parts["diffusers"].needed and "facetrail[sd15]" in parts["diffusers"].remedy
    assert parts["numpy"].needed and parts["numpy"].remedy == "run scripts/setup"
