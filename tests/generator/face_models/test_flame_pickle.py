"""Test that a pickle is read for its arrays only; any other name is refused and never run."""

from __future__ import annotations

import contextlib
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from generator import FaceModelError
from generator.face_models.flame_pickle import as_array, read_object_array, read_pickle

HERE = Path("odd.pkl")


class Runs:
    """An object that runs `call(*arguments)` when it is unpickled in the usual way."""

    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


def payloads(marker):
    system = Runs(os.system, f"touch {marker}")
    touch = f"touch {marker}".encode()
    dtype = b"cnumpy\ndtype\n(S'O8'\nI00\nI01\ntR(I3\nS'|'\nNNNI-1\nI-1\nI63\ntb."
    return {
        "os.system": pickle.dumps(system, 2),
        "inside a dictionary of arrays": pickle.dumps({"v_template": np.zeros(3), "f": [1, {"deep": system}]}, 2),
        "protocol 0": pickle.dumps(system, 0),
        "protocol 4 by stack": pickle.dumps(system, 4),
        "eval": pickle.dumps(Runs(eval, f"__import__('os').system('touch {marker}')"), 2),
        "getattr": pickle.dumps(Runs(getattr, np.ndarray, "tofile"), 2),
        "a path through an admitted name": b"\x80\x04\x8c\x05numpy\x8c\x15dtype.__class__.__call__\x93.",
        "a module behind numpy": b"\x80\x04\x8c\x05numpy\x8c\x09os.system\x93(\x8c\x04" + touch[:4] + b"tR.",
        "the old instance opcode": b"(S'" + touch + b"'\nios\nsystem\n.",
        "numpy's own loader": pickle.dumps(Runs(np.load, str(marker)), 2),
        "an array of objects": pickle.dumps({"v": np.array([system, None], dtype=object)}, 2),
        "a function rebuilt as an object": b"ccopyreg\n_reconstructor\n(cos\nsystem\nc__builtin__\nobject\nNtR.",
        "code in a sparse matrix": pickle.dumps(Runs(sparse.csc_matrix, system), 2),
        "code behind an admitted dtype": dtype[:-1] + b"0cposix\nsystem\n(S'" + touch + b"'\ntR.",
        "an extension code": b"\x80\x02\x82\x01.",
        "a persistent id": b"Pevil\n.",
    }


NAMES = list(payloads("x"))


@pytest.mark.parametrize("name", NAMES)
def test_code_in_a_pickle_is_refused_by_the_files_name_and_never_run(tmp_path, name):
    marker = tmp_path / "ran"
    with pytest.raises(FaceModelError, match=r"^odd\.pkl: [^\n]+$"):
        read_pickle(HERE, payloads(marker)[name])
    assert not marker.exists()


def test_the_payloads_would_run_in_the_usual_way(tmp_path):
    for name in ("os.system", "inside a dictionary of arrays", "eval", "code behind an admitted dtype"):
        marker = tmp_path / name.replace(" ", "-")
        pickle.loads(payloads(marker)[name])  # noqa: S301
        assert marker.exists()


def test_the_refusal_names_the_class():
    with pytest.raises(FaceModelError, match=r"names (posix|nt)\.system"):
        read_pickle(HERE, payloads("x")["os.system"])


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dtype", ["<f8", "<f4", ">f4", "<u4", "<i8", "|u1", "|b1"])
def test_arrays_come_back_as_they_were(protocol, dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    for kept in (array, np.asfortranarray(array), array[:, ::2].copy(), np.zeros((0, 3), dtype)):
        found = as_array(read_pickle(HERE, pickle.dumps(kept, protocol)))
        np.testing.assert_array_equal(found, kept)
        assert found.dtype.kind == kept.dtype.kind and found.dtype.itemsize == kept.dtype.itemsize


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("form", [sparse.csc_matrix, sparse.csr_matrix])
def test_sparse_matrices_come_back_dense(protocol, form):
    dense = np.random.default_rng(0).normal(size=(5, 40)) * (np.random.default_rng(1).random((5, 40)) < 0.2)
    np.testing.assert_array_equal(as_array(read_pickle(HERE, pickle.dumps(form(dense), protocol))), dense)


@pytest.mark.parametrize(
    ("part", "value"),
    [("indices", [0, 99]), ("indices", [-1, 0]), ("indptr", [0, 2, 1, 2]), ("indptr", [0, 9, 9, 2]), ("data", [1.0])],
)
def test_a_sparse_matrix_that_points_outside_itself_is_refused(part, value):
    matrix = sparse.csc_matrix(np.array([[0, 1.0, 0], [0, 0, 2.0]]))
    state = dict(matrix.__dict__, **{part: np.array(value)})
    damaged = sparse.csc_matrix.__new__(sparse.csc_matrix)
    damaged.__dict__.update(state)
    record = read_pickle(HERE, pickle.dumps(damaged, 2))
    with pytest.raises(ValueError, match=r"sparse matrix"):
        as_array(record)


@pytest.mark.parametrize("value", [np.array([1, "a", None], object), np.array(["text"]), np.zeros(2, "f4,i4"), 3, None])
def test_what_is_no_array_of_numbers_is_refused(value):
    with pytest.raises(ValueError, match=r"array"):
        as_array(read_pickle(HERE, pickle.dumps(value, 2)))


def test_a_damaged_pickle_ends_in_one_line_or_in_something_that_is_no_code(tmp_path):
    rng = np.random.default_rng(5)
    whole = pickle.dumps({"a": np.arange(6.0), "s": sparse.csc_matrix(np.eye(3))}, 2)
    for _ in range(400):
        content = bytearray(whole[: rng.integers(1, len(whole) + 1)])
        for place in rng.integers(0, len(content), 3):
            content[place] = rng.integers(256)
        try:
            value = read_pickle(HERE, bytes(content))
        except FaceModelError as error:
            assert "\n" not in str(error)
            continue
        for part in value.values() if isinstance(value, dict) else [value]:
            with contextlib.suppress(ValueError):
                assert isinstance(as_array(part), np.ndarray)


def test_records_that_hold_themselves_end_in_a_line(tmp_path):
    itself = b"\x80\x02cchumpy.ch\nCh\n)\x81q\x00}X\x01\x00\x00\x00xh\x00sb."
    sparse_itself = b"\x80\x02cscipy.sparse\ncsc_matrix\n)\x81q\x00}(X\x04\x00\x00\x00datah\x00"
    sparse_itself += b"X\x07\x00\x00\x00indicesh\x00X\x06\x00\x00\x00indptrh\x00X\x05\x00\x00\x00shapeK\x02K\x02\x86ub."
    for content in (itself, sparse_itself):
        with pytest.raises(ValueError, match=r"no array"):
            as_array(read_pickle(HERE, content))


@pytest.mark.parametrize("shape", [(0, 1 << 70), (1 << 40, 1 << 40), (-1, 3), (2.0,), "xy", None, (3, 3, 3)])
def test_an_array_of_an_impossible_shape_is_refused(shape):
    class Odd:
        def __reduce__(self):
            array = np.zeros(2)
            call, arguments, state = array.__reduce__()
            return call, arguments, (state[0], shape, *state[2:])

    class Empty(Odd):
        def __reduce__(self):
            call, arguments, state = super().__reduce__()
            return call, arguments, (*state[:4], b"")

    for odd in (Odd(), Empty()):
        with pytest.raises(ValueError, match=r"."):
            as_array(read_pickle(HERE, pickle.dumps(odd, 2)))


def test_an_expression_of_chumpy_beside_the_arrays_is_passed_over():
    content = b"\x80\x02}(X\x01\x00\x00\x00Jcchumpy.reordering\ntranspose\n)\x81}b"
    content += b"X\x01\x00\x00\x00v" + pickle.dumps(np.arange(3.0), 2)[2:-1] + b"u."
    found = read_pickle(HERE, content)
    np.testing.assert_array_equal(as_array(found["v"]), np.arange(3))
    with pytest.raises(ValueError, match=r"no array"):
        as_array(found["J"])


def test_an_object_array_gives_its_one_object(tmp_path):
    np.save(tmp_path / "o.npy", {"a": np.arange(3)}, allow_pickle=True)
    found = read_object_array(HERE, (tmp_path / "o.npy").read_bytes())
    np.testing.assert_array_equal(as_array(found["a"]), np.arange(3))


def test_code_in_an_object_array_is_never_run(tmp_path):
    marker = tmp_path / "ran"
    np.save(tmp_path / "o.npy", {"a": Runs(os.system, f"touch {marker}")}, allow_pickle=True)
    with pytest.raises(FaceModelError, match=r"system"):
        read_object_array(HERE, (tmp_path / "o.npy").read_bytes())
    assert not marker.exists()


@pytest.mark.parametrize("array", [np.zeros(4), np.array([{}, {}], object)])
def test_another_npy_file_is_refused(tmp_path, array):
    np.save(tmp_path / "o.npy", array, allow_pickle=True)
    with pytest.raises(FaceModelError, match=r"not a \.npy file of one object"):
        read_object_array(HERE, (tmp_path / "o.npy").read_bytes())
