"""Run the commands of the page on own data as they stand, on small files and with options that keep them short."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from forensics.cli.main import main
from forensics.corpus import Corpus, Label, Split
from forensics.synthesis.filming import at_rest
from generator.avatars import render, sample_avatar
from watermark import encode_clip

from .materials import KnowingAvatarTracker, film

PAGE = Path(__file__).parents[2] / "docs" / "own-data.md"
SHORTER = {
    "corpus synthesize": "--methods partial-swap,self-blend --frames 4 --size 192",
    "train detector": "--epochs 1",
    "evaluate": "--per-clip 2",
}
"""Options that make a command of the page small."""

FOUND_FAULTS = 1
"""`corpus check` says of own files that their packaging differs from that of forgeries, which is a fault."""


def commands() -> list[list[str]]:
    """Return the words of the commands in the first block of the page."""
    block = PAGE.read_text(encoding="utf-8").split("```")[1].replace("\\\n", " ")
    return [shlex.split(line) for line in block.strip().splitlines()]


def put_files(people: int) -> None:
    """Write a portrait and a clip of each person, and who they are, under the names of the page."""
    rows = ["file,person"]
    for folder in ("portraits", "clips"):
        Path(folder).mkdir()
    for number in range(people):
        avatar = sample_avatar(40 + number, "flat")
        Image.fromarray(render(avatar, at_rest(avatar), 192).picture).save(f"portraits/{number}.png")
        encode_clip(film(avatar, 4, 192, number), Path(f"clips/{number}.mp4"), 12.5)
        rows += [f"portraits/{number}.png,p{number}", f"clips/{number}.mp4,p{number}"]
    Path("people.csv").write_text("\n".join(rows).replace("portraits/", "sources/").replace("clips/", "drives/") + "\n")


@pytest.mark.slow
def test_the_commands_of_the_page_lead_from_files_to_a_measured_detector(
    workplace: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = workplace("")
    monkeypatch.setattr("forensics.synthesis.own.making.load_tracker", lambda name: KnowingAvatarTracker())
    put_files(6)
    done = []
    for words in commands():
        assert words[0] == "facetrail"
        name = next((name for name in SHORTER if " ".join(words[1:]).startswith(name)), "")
        code = main([*words[1:], *shlex.split(SHORTER.get(name, ""))])
        out, err = capsys.readouterr()
        assert code in ((0, FOUND_FAULTS) if words[2] == "check" else (0,)), f"{' '.join(words)}: {err}"
        done.append((words, out))
    assert [words[1] for words, _ in done] == ["corpus", "corpus", "train", "evaluate"]
    corpus = Corpus.load(folder / "mine")
    assert {sample.split for sample in corpus.samples} == set(Split)
    forged = corpus.where(label=Label.FORGED)
    assert {sample.method for sample in forged} == {"partial-swap", "self-blend"}
    assert all(bool(sample.segments) == (sample.method == "partial-swap") for sample in forged)
    assert "auc/video" in done[-1][1]
    assert (folder / "results" / "run.json").is_file()
