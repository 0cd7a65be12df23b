"""Test `facetrail train generator`, and the settings in `configs/`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from forensics.cli.main import main
from forensics.storage.toml_settings import overlay
from generator.network.model import AniFaceDiff
from generator.network.weights_io import load_pretrained, save_pretrained
from generator.training import recipe

from .training_stand_ins import SIZES

CONFIGS = Path(__file__).parents[3] / "configs"
RECIPES = {"mini": ("mini", 1), "sd15-stage1": ("sd15", 1), "sd15-stage2": ("sd15", 2)}

TOY = """
checkpoint_every = 1
[model]
image_size = 128
latent_channels = 16
widths = [32, 32]
heads = 2
context_dim = 32
tokens = 2
spatial_channels = 8
compositor_channels = 8
[data]
sources = 1
targets = 2
avatars = 2
codec_scenes = 2
holdout_styles = []
workers = 0
[objective]
window = 3
[validation]
sources = 1
"""


@pytest.fixture(autouse=True)
def fresh_process():
    from accelerate.state import AcceleratorState, GradientState

    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()


@pytest.mark.parametrize("name", RECIPES)
def test_a_settings_file_says_what_the_recipe_does(name):
    assert overlay(CONFIGS / f"{name}.toml", recipe(*RECIPES[name])) == recipe(*RECIPES[name])


def test_every_setting_is_of_a_peer_or_ours():
    for name in ("sd15-stage1", "sd15-stage2"):
        lines = (CONFIGS / f"{name}.toml").read_text().splitlines()
        for line in lines:
            if " = " in line and not line.startswith(("#", "stage")):
                assert any(word in line for word in ("ours", "Moore", "AniPortrait", "IP-Adapter")), line


def run(tmp_path, capsys, *arguments):
    code = main(["train", "generator", "-o", str(tmp_path / "run"), "--device", "cpu", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.slow
def test_mini_is_trained_and_continued_by_the_same_command(tmp_path, capsys, avatar_cache):
    settings = tmp_path / "toy.toml"
    settings.write_text(TOY)
    code, out, _ = run(tmp_path, capsys, "--config", settings, "--cache", avatar_cache, "--steps", 1)
    assert code == 0 and "continued" not in out
    code, out, _ = run(tmp_path, capsys, "--config", settings, "--cache", avatar_cache, "--steps", 2, "--json")
    entry = json.loads(out)["results"][0]
    assert code == 0 and (entry["steps"], entry["continued_from"]) == (2, 1)
    assert entry["metrics"]["identities"]["psnr/frame"] > 5
    assert load_pretrained(tmp_path / "run" / "weights")[0].config.image_size == 128


@pytest.mark.slow
def test_sd15_starts_from_a_model_folder(tmp_path, capsys):
    save_pretrained(AniFaceDiff(SIZES).state_dict(), SIZES, tmp_path / "base", {"name": "toy"})
    settings = tmp_path / "toy.toml"
    settings.write_text(
        "stage = 2\nprecision = 'no'\nrecompute = false\n[data]\ntargets = 2\nworkers = 0\n[validation]\nsources = 0\n"
    )
    options = ("--preset", "sd15", "--stage", 2, "--config", settings, "--base", tmp_path / "base", "--steps", 1)
    code, out, err = run(tmp_path, capsys, *options)
    assert code == 0, err
    assert "1 steps in all" in out and load_pretrained(tmp_path / "run" / "weights")[0].config == SIZES


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("[optimiser]\nrat = 1.0", (), "unknown 'rat'; did you mean rate"),
        ("[optimiser]\nrate = 'high'", (), "optimiser.rate is 'high', expected float"),
        ("optimiser = 3", (), "optimiser is 3, expected a table"),
        ("precision = 'fp8'", (), "precision is 'fp8', expected 'no' or 'fp16' or 'bf16'"),
        ("[data]\nstrides = [1, 'two']", (), "data.strides is .*, expected a list of int"),
        ("[data]\navatars = 0", (), "data.avatars is 0, expected at least 1"),
        ("[data]\nstrides = [0]", (), "data.strides is .*, expected whole numbers above 0"),
        ("[data]\nholdout_styles = ['oil']", (), "styles out of real, cartoon"),
        ("[model]\nmaps = ['normals', 3]", (), "model.maps is .*, expected a list of str"),
        ("[data]\nwithheld_maps = ['normals']", (), "data.withheld_maps is .*, expected maps of the model: turned"),
        ("[data]\ntargets = 33", ("--preset", "sd15", "--stage", 2), "expected a window of 2 to 32 frames"),
        ("stage = 2", (), "is for stage 2; give --stage 2"),
        ("", ("--stage", 2), "no training recipe for mini stage 2"),
        ("", ("--preset", "sd15"), "sd15 starts from a model folder"),
        ("", ("--data", "nowhere"), "nowhere: no such folder; name a folder of videos, or 'avatars'"),
        ("", ("--base", "nowhere"), "nowhere"),
    ],
)
def test_a_mistake_is_refused_in_one_line_and_nothing_is_written(tmp_path, capsys, text, options, message):
    import re

    settings = tmp_path / "run.toml"
    settings.write_text(text)
    code, _, err = run(tmp_path, capsys, "--config", settings, *options)
    assert code in (1, 2) and re.search(message, err) and err.count("\n") == 1, err
    assert not (tmp_path / "run").exists()
