"""Check sealed files with an independent validator, where Node and @trustnxt/c2pa-ts are installed (see the script)."""

from __future__ import annotations

import csv
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "watermark" / "verify_independently.py"


def validator():
    """Return the folder whose node_modules contains the validator, found as by the script."""
    spec = importlib.util.spec_from_file_location("verify_independently", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.find_validator(None) if shutil.which("node") else None


def test_an_independent_validator_agrees_on_clean_and_tampered_files(tmp_path):
    folder = validator()
    if folder is None:
        pytest.skip("Node or @trustnxt/c2pa-ts is absent; verify_independently.py --help says how to get it")
    table = tmp_path / "said.csv"
    arguments = [sys.executable, SCRIPT, "--validator", folder, "--out", table]
    ran = subprocess.run(arguments, capture_output=True, text=True, env=os.environ, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert {row["format"] for row in rows} == {"jpg", "png", "avif"}
    assert len(rows) == 27
    for row in rows:
        expected = ("trusted", "valid") if row["change"] == "none" else ("altered", "invalid")
        assert (row["format"], row["change"], row["ours"], row["c2pa_ts"]) == (row["format"], row["change"], *expected)
