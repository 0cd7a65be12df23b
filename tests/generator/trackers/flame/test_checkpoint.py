from __future__ import annotations

import os
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from generator.errors import ModelFilesError
from generator.trackers.flame.checkpoint import fill, part_of, read_checkpoint


class Code:
    def __reduce__(self):
        return (os.system, ("exit 1",))


def saved(path, content):
    torch.save(content, path)
    return path


def small():
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


def test_a_pickle_with_code_is_refused_by_what_it_holds_and_not_run(tmp_path):
    path = saved(tmp_path / "evil.tar", {"E_flame": {"weight": torch.zeros(2), "more": Code()}})
    with pytest.raises(
        ModelFilesError, match=r"evil\.tar: holds \w+\.system, which is no tensor and could run code"
    ) as error:
        read_checkpoint(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"<html>no</html>" * 20, b"PK\x03\x04" + bytes(100), pickle.dumps([1, 2])])
def test_what_is_no_torch_file_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "weights.tar"
    path.write_bytes(content)
    with pytest.raises(ModelFilesError, match=r"weights\.tar: not a torch file, or a damaged one") as error:
        read_checkpoint(path)
    assert "\n" not in str(error.value)


def test_a_cut_off_file_is_refused(tmp_path):
    path = saved(tmp_path / "weights.pt", {"a": torch.zeros(1000)})
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ModelFilesError, match="not a torch file, or a damaged one"):
        read_checkpoint(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_files_are_refused_in_one_line_or_read_whole(tmp_path, zipped):
    path = tmp_path / "weights.pt"
    torch.save({"net": {"w": torch.ones(4, 3)}}, path, _use_new_zipfile_serialization=zipped)
    sound, rng, refused = path.read_bytes(), np.random.default_rng(0), 0
    for _ in range(150):
        damaged = bytearray(sound)
        for place in rng.integers(0, min(len(sound), 900), 3):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            tensors = part_of(read_checkpoint(path), "net", path)
        except ModelFilesError as error:
            refused += 1
            assert "\n" not in str(error)
        else:
            assert all(isinstance(value, torch.Tensor) for value in tensors.values())
    assert refused > 50


def test_absent_file_and_lone_tensor_are_named(tmp_path):
    with pytest.raises(ModelFilesError, match=r"none\.pt: cannot be read \(No such file"):
        read_checkpoint(tmp_path / "none.pt")
    with pytest.raises(ModelFilesError, match="holds a Tensor, a dictionary of tensors expected"):
        read_checkpoint(saved(tmp_path / "lone.pt", torch.zeros(2)))


def test_files_of_old_torch_are_read(tmp_path):
    path = tmp_path / "old.tar"
    torch.save({"E_flame": {"w": torch.ones(2)}}, path, _use_new_zipfile_serialization=False)
    assert part_of(read_checkpoint(path), "E_flame", path)["w"].tolist() == [1, 1]


@pytest.mark.parametrize(
    "content", [{"net": {"w": torch.ones(2)}, "step": 3}, {"net.w": torch.ones(2), "other.w": torch.ones(1)}]
)
def test_a_part_is_a_dictionary_or_a_prefix(tmp_path, content):
    assert part_of(content, "net", tmp_path).keys() == {"w"}


def test_an_absent_part_is_named_with_what_is_there(tmp_path):
    with pytest.raises(ModelFilesError, match=r"has no part E_flame \(it holds model, step\)"):
        part_of({"model": {}, "step": 3}, "E_flame", tmp_path / "a.tar")


def test_faults_of_tensors_are_named(tmp_path):
    path = tmp_path / "a.tar"
    state = small().state_dict()

    def broken(**changes):
        changed = {**state, **{name.replace("__", "."): value for name, value in changes.items()}}
        return {name: value for name, value in changed.items() if value is not None}

    for tensors, said in (
        (broken(**{"0__weight": None}), r"1 tensors missing \(first: 0\.weight\)"),
        (broken(extra=torch.zeros(1)), r"1 tensors unexpected \(first: extra\)"),
        (broken(**{"0__weight": torch.zeros(3, 3)}), r"0\.weight has shape \(3, 3\), expected \(3, 2\)"),
        (broken(**{"0__bias": torch.full((3,), torch.nan)}), r"0\.bias holds values that are not finite"),
    ):
        with pytest.raises(ModelFilesError, match=said) as error:
            fill(small(), tensors, path)
        assert str(error.value).startswith(f"{path}: ")
    with pytest.raises(ModelFilesError, match=r"E_flame\.w is a int, a tensor expected"):
        part_of({"E_flame": {"w": 3}}, "E_flame", path)


def test_filled_network_has_the_tensors_and_is_ready_for_inference(tmp_path):
    state = {name: value + 1 for name, value in small().state_dict().items() if not name.endswith("batches_tracked")}
    network = small()
    fill(network, state, tmp_path)
    assert not network.training
    assert all(torch.equal(network.state_dict()[name], value) for name, value in state.items())
