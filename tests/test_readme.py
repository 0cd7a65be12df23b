"""The README's commands are run as they stand, on a small demo made by the shipped generator."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from detectors import TrainConfig
from forensics.cli import main
from forensics.corpus.plan import SynthesisConfig
from forensics.forger import GeneratorForger, load_animator
from forensics.pipeline import DemoConfig, run_demo
from watermark import CredentialState, Deployment, read_provenance

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
TESTED = re.search(r"<!-- tested -->\n```\n(.*?)```", README, re.DOTALL)[1].strip().splitlines()
PYTHON = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home") / "facetrail"


@pytest.fixture(scope="module")
def workplace(tmp_path_factory, home):
    """A folder in which a demo with every stage has just ended."""
    folder = tmp_path_factory.mktemp("work")
    deployment = Deployment.open(home)
    config = DemoConfig(
        corpus=SynthesisConfig(seed=2, identities=6, clips=1, stills=1, frames=4),
        detector="toy_resnet18",
        per_clip=2,
        training=TrainConfig(epochs=1, batch_size=8),
        distortions=("jpeg",),
        severities=(1,),
        distorted_per_clip=1,
        gallery=2,
        replicates=50,
    )
    run_demo(folder / "demo-out", config, GeneratorForger(load_animator(), deployment), deployment)
    return folder


def expand(command, folder):
    words = []
    for word in shlex.split(command):
        found = sorted(str(path.relative_to(folder)) for path in folder.glob(word)) if "*" in word else [word]
        assert found, f"{word} matches nothing"
        words += found
    return words


def test_the_readme_shows_commands_to_test():
    assert len(TESTED) >= 5
    assert all(line.startswith("facetrail ") for line in TESTED)


@pytest.mark.parametrize("command", TESTED)
def test_a_command_of_the_readme_works(command, workplace, home, monkeypatch, capsys):
    monkeypatch.chdir(workplace)
    monkeypatch.setenv("FACETRAIL_HOME", str(home))
    words = expand(command, workplace)
    code = main(words[1:])
    out, err = capsys.readouterr()
    assert code == (3 if words[1] == "examine" else 0), err
    assert out.strip()


def test_the_demo_leaves_one_page_that_needs_no_network(workplace):
    page = (workplace / "demo-out" / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page)
    assert page.count("data:image/") + page.count("data:video/") >= 10, "two rows of five pictures"


def test_the_python_example_leaves_a_sealed_clip(tmp_path, home, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACETRAIL_HOME", str(home))
    exec(compile(PYTHON, "README.md", "exec"), {})  # noqa: S102
    found = read_provenance(tmp_path / "avatar.mp4", Deployment.open(home))
    assert found.credential.state is CredentialState.TRUSTED and found.mark.ours
