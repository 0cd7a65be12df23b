import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from generator import Animator, WeightsError
from generator.weights_io import load_pretrained


def test_saved_weights_come_back_in_half_precision(weights_folder, toy_model):
    model, digest = load_pretrained(weights_folder)
    assert len(digest) == 64 and not model.training
    for (name, ours), (_, theirs) in zip(model.state_dict().items(), toy_model.state_dict().items(), strict=True):
        torch.testing.assert_close(ours, theirs.half().float(), msg=name, equal_nan=False)


@pytest.mark.parametrize("name", ["model.safetensors", "card.json"])
def test_a_missing_file_is_named(weights_folder, name):
    (weights_folder / name).unlink()
    with pytest.raises(WeightsError, match=f"{name}: model file is missing"):
        Animator.from_pretrained(weights_folder)


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
