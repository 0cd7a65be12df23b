"""Test the family that continues the shipped weights: its inputs, its trained parameters, and its use of tokens."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from benchmarks.paper_claims import continued, training, weighing
from benchmarks.paper_claims.arms import FAMILIES, Run
from benchmarks.paper_claims.example_store import draw_store
from benchmarks.paper_claims.lessons import Lessons
from benchmarks.paper_claims.network import predict
from generator.network.model import AniFaceDiff
from generator.training.data.batch import collate, to_unit

FAMILY = FAMILIES["mini-continued"]


@pytest.fixture(scope="module")
def example():
    return Lessons(256)[0]


@pytest.fixture(scope="module")
def model():
    return continued.shipped().eval()


@pytest.fixture(scope="module")
def lesson(model, example):
    return continued._lesson(model, FAMILY, example)


def test_lids_irises_and_lips_of_the_maps_do_not_reach_a_lesson(model, example, lesson):
    snapshot = example.maps["snapshot"].clone()
    snapshot[:, 3:] = 255 - snapshot[:, 3:]
    other = continued._lesson(model, FAMILY, replace(example, maps={**example.maps, "snapshot": snapshot}))
    assert torch.equal(other.beside, lesson.beside)
    snapshot[:, :3] = 255 - snapshot[:, :3]
    other = continued._lesson(model, FAMILY, replace(example, maps={**example.maps, "snapshot": snapshot}))
    assert not torch.equal(other.beside, lesson.beside)


@pytest.mark.slow
@pytest.mark.parametrize("adapter", [True, False])
def test_a_lesson_costs_what_its_decoded_pictures_miss(model, example, lesson, adapter):
    run, batch = Run(FAMILY, adapter, 0), collate([example])
    weight = torch.nn.functional.avg_pool2d(weighing.weights_of(batch)[:, None], 16)
    kept = weight.sum((1, 2, 3)).argsort(descending=True)[: continued.FRAMES]
    with torch.no_grad():
        ours = model.codec.decode(model.codec.encode(predict(model, run, batch)))
        true = model.codec.decode(model.codec.encode(to_unit(batch.target)))
        squared = (torch.nn.functional.interpolate(weight, scale_factor=16) * (ours - true).square()).mean(1)
        expected = squared[kept].mean() / weight[kept].mean()
        found = continued.loss_of_lessons(model, run, [lesson])
    assert float(found) == pytest.approx(float(expected), rel=0.02)


def test_the_tokens_reach_the_loss_with_the_adapter_alone(model, lesson):
    other = replace(lesson, expression=1 - lesson.expression)
    with torch.no_grad():
        for adapter in (True, False):
            losses = [continued.loss_of_lessons(model, Run(FAMILY, adapter, 0), [one]) for one in (lesson, other)]
            assert torch.equal(*losses) is not adapter


@pytest.mark.slow
def test_only_denoiser_and_adapter_learn_and_both_arms_begin_alike(tmp_path):
    draw_store(tmp_path / "store", Lessons(256), 1, {}, lambda *_: None)
    before: AniFaceDiff = continued.shipped()
    for adapter in (True, False):
        run = Run(replace(FAMILY, steps=2), adapter, 0)
        training.train(run, tmp_path / "store", tmp_path / run.name, lambda *_: None)
        after = training.load(run, tmp_path / run.name).state_dict()
        moved = {
            name.split(".")[0] for name, values in before.state_dict().items() if not torch.equal(values, after[name])
        }
        assert moved == {"denoiser", "expression_adapter"}
