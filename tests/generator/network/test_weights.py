from __future__ import annotations

import hashlib
import json
import resource
import shutil
import signal
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from generator import Animator, GeometryAnimator, WeightsError, load_animator
from generator.network.config import MINI, TOY_SD15
from generator.network.model import AniFaceDiff
from generator.network.weights_io import SHIPPED, load_pretrained, save_pretrained
from generator.network.weights_layout import PARTS, folder_digest, read_card


def test_saved_weights_come_back_in_half_precision(weights_folder, toy_model):
    model, digest = load_pretrained(weights_folder)
    assert len(digest) == 64 and not model.training
    for (name, ours), (_, theirs) in zip(model.state_dict().items(), toy_model.state_dict().items(), strict=True):
        torch.testing.assert_close(ours, theirs.half().float(), msg=name, equal_nan=False)


@pytest.mark.parametrize("name", ["model.safetensors", "card.json"])
def test_a_missing_file_is_named(weights_folder, name):
    (weights_folder / name).unlink()
    with pytest.raises(WeightsError, match=f"{name}: model file is missing"):
        load_animator(weights_folder)


def change(folder, edit):
    state = load_file(folder / "model.safetensors")
    edit(state)
    save_file(state, folder / "model.safetensors")
    card = json.loads((folder / "card.json").read_text())
    del card["sha256"]
    (folder / "card.json").write_text(json.dumps(card))


def test_a_missing_tensor_is_named(weights_folder):
    change(weights_folder, lambda state: state.pop("context.bias"))
    with pytest.raises(WeightsError, match=r"1 tensors missing .*context\.bias"):
        load_pretrained(weights_folder)


def test_a_tensor_that_is_not_finite_is_named(weights_folder):
    change(weights_folder, lambda state: state["context.bias"].fill_(float("nan")))
    with pytest.raises(WeightsError, match=r"context\.bias holds values that are not finite"):
        load_pretrained(weights_folder)


def test_a_tensor_of_another_shape_is_named(weights_folder):
    change(weights_folder, lambda state: state.update({"context.bias": torch.zeros(3)}))
    with pytest.raises(WeightsError, match=r"context\.bias has shape \(3,\)"):
        load_pretrained(weights_folder)


def test_changed_weights_do_not_pass_for_the_cards(weights_folder):
    card = json.loads((weights_folder / "card.json").read_text())
    change(weights_folder, lambda state: state["context.bias"].add_(1))
    (weights_folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(WeightsError, match="is not the card's"):
        load_pretrained(weights_folder)


def test_a_pickle_in_place_of_weights_is_refused(weights_folder):
    torch.save({"a": torch.zeros(2)}, weights_folder / "model.safetensors")
    card = json.loads((weights_folder / "card.json").read_text())
    del card["sha256"]
    (weights_folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(WeightsError, match="not a safetensors file"):
        load_pretrained(weights_folder)


@pytest.mark.parametrize("text", ["", "[]", '{"config": {"width": 3}}'])
def test_a_card_that_says_nothing_useful_is_refused(weights_folder, text):
    (weights_folder / "card.json").write_text(text)
    with pytest.raises(WeightsError, match=r"card\.json"):
        load_pretrained(weights_folder)


@pytest.fixture(scope="module")
def toy_sd15():
    torch.manual_seed(1)
    return AniFaceDiff(TOY_SD15).state_dict()


@pytest.fixture(scope="module")
def saved_sd15(tmp_path_factory, toy_sd15):
    folder = tmp_path_factory.mktemp("saved") / "sd15"
    save_pretrained(toy_sd15, TOY_SD15, folder, {"name": "toy"})
    return folder


@pytest.fixture
def sd15_folder(tmp_path, saved_sd15):
    return shutil.copytree(saved_sd15, tmp_path / "sd15")


def test_shipped_cards_and_their_digest_stay_what_they_were():
    card, config = read_card(SHIPPED)
    assert config == MINI
    assert card["sha256"] == hashlib.sha256((SHIPPED / "model.safetensors").read_bytes()).hexdigest()
    assert load_pretrained()[1] == card["sha256"]


def test_a_model_folder_is_loaded_by_what_its_network_does_and_by_nothing_else(weights_folder, sd15_folder):
    assert isinstance(load_animator(weights_folder), GeometryAnimator)
    assert isinstance(load_animator(sd15_folder), Animator)
    with pytest.raises(WeightsError, match=r"weights: this network improves moved layers; load it with"):
        Animator.from_pretrained(weights_folder)
    with pytest.raises(WeightsError, match=r"sd15: this model draws whole pictures; load it with `load_animator`"):
        GeometryAnimator.from_pretrained(sd15_folder)


@pytest.mark.slow
def test_each_part_of_sd15_has_a_file_under_its_published_names(sd15_folder, toy_sd15):
    assert {path.name for path in sd15_folder.iterdir()} == {f"{part}.safetensors" for part in PARTS} | {"card.json"}
    assert "encoder.conv_in.weight" in load_file(sd15_folder / "vae.safetensors")
    assert "vision_model.post_layernorm.bias" in load_file(sd15_folder / "image_encoder.safetensors")
    model, _ = load_pretrained(sd15_folder)
    assert not any(value.is_meta for value in (*model.parameters(), *model.buffers()))
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, toy_sd15[name].half().float(), msg=name)


def test_a_model_is_loaded_in_the_precision_asked_for(sd15_folder):
    model, _ = load_pretrained(sd15_folder, dtype=torch.bfloat16)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert model.context.mean.dtype == torch.float32


@pytest.mark.slow
def test_a_fresh_and_a_loaded_model_compute_the_same(tmp_path, toy_sd15):
    fresh = AniFaceDiff(TOY_SD15).eval()
    fresh.load_state_dict(toy_sd15)
    save_pretrained(toy_sd15, TOY_SD15, tmp_path / "exact", {}, dtype=torch.float32)
    loaded, _ = load_pretrained(tmp_path / "exact")
    picture = torch.rand(1, 3, TOY_SD15.image_size, TOY_SD15.image_size) * 2 - 1
    with torch.no_grad():
        ours, theirs = loaded.encode_source(picture), fresh.encode_source(picture)
    assert torch.equal(ours.context, theirs.context) and torch.equal(ours.latent, theirs.latent)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["denoiser", "motion"])
def test_a_changed_or_missing_part_is_named(sd15_folder, part):
    path = sd15_folder / f"{part}.safetensors"
    state = load_file(path)
    next(iter(state.values())).add_(1)
    save_file(state, path)
    with pytest.raises(WeightsError, match=rf"{part}\.safetensors: SHA-256 .* is not the card's"):
        load_pretrained(sd15_folder)
    path.unlink()
    with pytest.raises(WeightsError, match=rf"{part}\.safetensors: model file is missing"):
        load_pretrained(sd15_folder)


@pytest.mark.slow
def test_the_digest_covers_every_file_and_the_sizes(sd15_folder):
    _, digest = load_pretrained(sd15_folder)
    files = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sd15_folder.glob("*.safetensors")}
    assert len(files) == len(PARTS) and digest == folder_digest(files, TOY_SD15)
    assert digest != folder_digest(files, replace(TOY_SD15, prediction="sample"))
    assert all(digest != folder_digest({**files, name: "0" * 64}, TOY_SD15) for name in files)


def test_another_choice_in_the_card_is_noticed(sd15_folder):
    card = json.loads((sd15_folder / "card.json").read_text())
    card["config"]["prediction"] = "sample"
    (sd15_folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(WeightsError, match=r"card\.json: SHA-256 .* of the folder is not the card's"):
        load_pretrained(sd15_folder)


@pytest.mark.slow
def test_weights_that_are_not_finite_do_not_replace_a_good_model(sd15_folder, toy_sd15):
    before = load_pretrained(sd15_folder)[1]
    broken = {
        **toy_sd15,
        "motion.up_blocks.0.motion_modules.0.temporal_transformer.norm.bias": torch.tensor([1e9] * 64),
    }
    with pytest.raises(WeightsError, match=r"motion: up_blocks.* is not finite in torch\.float16"):
        save_pretrained(broken, TOY_SD15, sd15_folder, {})
    assert load_pretrained(sd15_folder)[1] == before
    assert not list(sd15_folder.glob("*.part"))


@pytest.mark.slow
def test_a_model_saved_over_another_leaves_no_part_of_it(sd15_folder, toy_sd15):
    still = replace(TOY_SD15, motion=None)
    state = {name: value for name, value in toy_sd15.items() if not name.startswith("motion.")}
    save_pretrained(state, still, sd15_folder, {})
    assert not (sd15_folder / "motion.safetensors").exists()
    assert load_pretrained(sd15_folder)[0].motion is None


def test_a_state_of_another_model_is_not_written(tmp_path, toy_sd15):
    with pytest.raises(WeightsError, match=r"560 tensors too many \(first: motion\."):
        save_pretrained(toy_sd15, replace(TOY_SD15, motion=None), tmp_path / "made", {})
    less = {name: value for name, value in toy_sd15.items() if name != "denoiser.conv_in.bias"}
    with pytest.raises(WeightsError, match=r"denoiser\.conv_in\.bias"):
        save_pretrained(less, TOY_SD15, tmp_path / "made", {})
    assert not (tmp_path / "made").exists()


@pytest.mark.slow
def test_a_full_disk_leaves_the_model_that_was_there(sd15_folder, toy_sd15):
    before = load_pretrained(sd15_folder)[1]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        with pytest.raises(WeightsError, match=r"cannot be written \(.*; free some space"):
            save_pretrained(toy_sd15, TOY_SD15, sd15_folder, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert load_pretrained(sd15_folder)[1] == before
    assert {path.name for path in sd15_folder.iterdir()} == {f"{part}.safetensors" for part in PARTS} | {"card.json"}
