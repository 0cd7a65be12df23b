from __future__ import annotations

import pytest
import torch

from generator.errors import TrainingError
from generator.training.data.example_store import ExampleStore, draw_store, load_store

from ..training_stand_ins import RandomExamples

ORIGIN = {"seed": 1}


def silent(*_):
    pass


def draw(folder, count=5, examples=None, origin=ORIGIN):
    draw_store(folder, examples or RandomExamples(2), count, origin, silent)
    return folder


def same(one, other):
    tensors = ("source", "target", "expression", "labels")
    assert one.identity == other.identity
    assert one.maps.keys() == other.maps.keys()
    return all(torch.equal(getattr(one, name), getattr(other, name)) for name in tensors) and all(
        torch.equal(values, other.maps[name]) for name, values in one.maps.items()
    )


def test_a_store_gives_back_what_was_drawn(tmp_path):
    kept = list(load_store(draw(tmp_path)))
    assert len(kept) == 5
    assert all(same(one, RandomExamples(2)[number]) for number, one in enumerate(kept))


def test_an_interrupted_drawing_continues_and_draws_only_what_is_missing(tmp_path):
    class Breaking(RandomExamples):
        def __getitem__(self, number):
            if number == 3:
                raise KeyboardInterrupt
            return super().__getitem__(number)

    with pytest.raises(KeyboardInterrupt):
        draw(tmp_path, examples=Breaking(2))
    with pytest.raises(TrainingError, match="2 of 5 examples are missing"):
        ExampleStore(tmp_path, 0)
    supply = RandomExamples(2)
    draw(tmp_path, examples=supply)
    assert supply.seen == [3, 4]
    assert all(same(one, RandomExamples(2)[number]) for number, one in enumerate(load_store(tmp_path)))


def test_every_round_shows_every_example_once_in_an_order_that_follows_from_seed_and_number(tmp_path):
    draw(tmp_path)
    order = [ExampleStore(tmp_path, 7)[number].identity for number in range(15)]
    for start in (0, 5, 10):
        assert len(set(order[start : start + 5])) == 5
    assert order[:5] != order[5:10] or order[5:10] != order[10:]
    late = ExampleStore(tmp_path, 7)
    assert [late[number].identity for number in (14, 3, 8)] == [order[14], order[3], order[8]]
    other = [ExampleStore(tmp_path, 8)[number].identity for number in range(15)]
    assert other != order


def test_a_store_of_another_origin_or_count_is_refused_and_left_alone(tmp_path):
    draw(tmp_path)
    for changed in ({"origin": {"seed": 2}}, {"count": 6}):
        with pytest.raises(TrainingError, match="another origin"):
            draw(tmp_path, **changed)
    assert len(ExampleStore(tmp_path, 0)) == 5


def test_an_absent_store_and_a_damaged_example_are_named(tmp_path):
    with pytest.raises(TrainingError, match="no store of examples"):
        ExampleStore(tmp_path / "nowhere", 0)
    draw(tmp_path)
    path = tmp_path / "000002.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(TrainingError, match=r"000002\.safetensors: damaged"):
        list(load_store(tmp_path))
