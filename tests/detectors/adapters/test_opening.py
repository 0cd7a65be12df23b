"""Detectors that were made elsewhere score as their own code does, and say clearly what they lack."""

from __future__ import annotations

import base64
import json
import pickle
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from detectors import (
    CheckpointError,
    DetectorError,
    create_detector,
    explain,
    export_onnx,
    has_gradients,
    is_adapter,
    load_detector,
    read_card,
)

SIZE = 32
FACE = f"sees=face,size={SIZE},manipulated=1"
BY_BLUE = """
import numpy as np
def predict(pictures):
    return pictures[..., 2].reshape(len(pictures), -1).mean(1) / 255
"""
BY_PATH = """
import cv2
def predict(path):
    return float(cv2.imread(str(path))[..., 0].mean() / 255)
"""
NETWORK = """
import torch
from torch import nn
def build():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
"""


@pytest.fixture
def crops() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (5, SIZE, SIZE, 3), dtype=np.uint8)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def inner(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return inner


def blue(crops: np.ndarray) -> np.ndarray:
    return np.array([crop[..., 2].mean() / 255 for crop in crops])


def test_a_function_of_pictures_scores_as_it_says(write, crops: np.ndarray) -> None:
    detector = load_detector(f"{write('mine.py', BY_BLUE)},{FACE}")
    assert detector.spec.name == "mine"
    np.testing.assert_allclose(detector.probabilities(crops), blue(crops), rtol=1e-12)
    assert not has_gradients(detector)


def test_a_function_of_a_file_gets_the_same_pixels(write, crops: np.ndarray) -> None:
    detector = load_detector(f"{write('mine.py', BY_PATH)},{FACE}")
    np.testing.assert_allclose(detector.probabilities(crops), blue(crops), rtol=1e-12)


def test_zero_as_the_class_of_manipulated_pictures_turns_the_scores(write, crops: np.ndarray) -> None:
    path = write("mine.py", BY_BLUE)
    detector = load_detector(f"{path},sees=face,size={SIZE},manipulated=0")
    np.testing.assert_allclose(detector.probabilities(crops), 1 - blue(crops), rtol=1e-12)


def test_whole_frames_come_in_their_own_size(write) -> None:
    text = "def predict(pictures):\n    assert len(pictures) == 1\n    return [pictures.shape[1] / 1000]\n"
    detector = load_detector(f"{write('mine.py', text)},sees=frame,manipulated=1")
    frames = np.empty(2, dtype=object)
    frames[0], frames[1] = np.zeros((40, 50, 3), np.uint8), np.zeros((70, 50, 3), np.uint8)
    np.testing.assert_allclose(detector.probabilities(frames), [0.04, 0.07])


def test_settings_lie_in_a_file_beside_it(write, crops: np.ndarray) -> None:
    path = write("mine.py", BY_BLUE)
    write("mine.toml", f'sees = "face"\nsize = {SIZE}\nmanipulated = 1\nname = "blue"\nmargin = 0.3\n')
    detector = load_detector(path)
    assert (detector.spec.name, detector.spec.crop_margin) == ("blue", 0.3)
    np.testing.assert_allclose(detector.probabilities(crops), blue(crops), rtol=1e-12)


def test_a_network_is_normalised_and_keeps_its_gradients(write, crops: np.ndarray) -> None:
    path = write("net.py", NETWORK)
    detector = load_detector(f"{path}:build,{FACE},normalise=imagenet,output=logit")
    assert has_gradients(detector)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    planes = torch.from_numpy(np.moveaxis((crops / 255 - mean) / std, -1, 1)).float()
    with torch.no_grad():
        expected = torch.softmax(detector.model.backbone(planes), dim=1)[:, 1]
    np.testing.assert_allclose(detector.probabilities(crops), expected.numpy(), atol=1e-6)
    planes.requires_grad_()
    detector.model(planes).sum().backward()
    assert planes.grad is not None and float(planes.grad.abs().max()) > 0
    assert explain(detector, crops).shape == crops.shape[:3]


def test_a_module_is_found_in_the_working_folder(write, tmp_path: Path, monkeypatch, crops: np.ndarray) -> None:
    write(
        "lab_model.py", "def build():\n    return lambda pictures: pictures.reshape(len(pictures), -1).mean(1) / 255\n"
    )
    monkeypatch.chdir(tmp_path)
    detector = load_detector(f"lab_model:build,{FACE},takes=pictures")
    expected = crops.reshape(len(crops), -1).mean(1) / 255
    np.testing.assert_allclose(detector.probabilities(crops), expected, rtol=1e-12)


def test_another_process_opens_the_same_network(write, crops: np.ndarray) -> None:
    detector = load_detector(f"{write('net.py', NETWORK)}:build,{FACE},normalise=half,output=logit")
    copied = pickle.loads(pickle.dumps(detector))  # noqa: S301
    np.testing.assert_array_equal(copied.probabilities(crops), detector.probabilities(crops))


def test_an_exported_detector_needs_only_what_it_sees(tmp_path: Path) -> None:
    ours = create_detector("toy_resnet18", seed=3)
    export_onnx(ours, tmp_path / "ours.onnx")
    theirs = load_detector(f"{tmp_path / 'ours.onnx'},sees=face,manipulated=1")
    crops = np.random.default_rng(2).integers(0, 256, (3, ours.spec.input_size, ours.spec.input_size, 3), np.uint8)
    np.testing.assert_allclose(theirs.probabilities(crops), ours.probabilities(crops), atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_a_float_onnx_file_with_two_classes_and_a_fixed_batch(tmp_path: Path, crops: np.ndarray) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)).eval()
    path = tmp_path / "theirs.onnx"
    torch.onnx.export(network, (torch.zeros(2, 3, SIZE, SIZE),), str(path), dynamo=False)
    detector = load_detector(f"{path},sees=face,manipulated=0,output=logit,normalise=half")
    planes = torch.from_numpy(np.moveaxis((crops / 255 - 0.5) / 0.5, -1, 1)).float()
    with torch.no_grad():
        expected = torch.softmax(network(planes), dim=1)[:, 0]
    np.testing.assert_allclose(detector.probabilities(crops), expected.numpy(), atol=1e-5)


class _Model(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        pictures = [cv2.imdecode(np.frombuffer(base64.b64decode(one), np.uint8), 1) for one in asked["pictures"]]
        body = {
            "/score": json.dumps({"scores": [float(one[..., 0].mean() / 255) for one in pictures]}),
            "/short": json.dumps({"scores": [0.5]}),
            "/prose": "no JSON",
            "/large": " " * (1 << 20) + "  ",
        }.get(self.path)
        self.send_response(200 if body else 404)
        self.end_headers()
        self.wfile.write((body or "").encode())

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Model)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_served_detector_gets_the_pixels_and_answers(address: str, crops: np.ndarray) -> None:
    detector = load_detector(f"{address}/score,{FACE},version=1")
    np.testing.assert_allclose(detector.probabilities(np.repeat(crops, 4, axis=0)), blue(np.repeat(crops, 4, axis=0)))


@pytest.mark.parametrize(
    ("path", "reason"),
    [("short", "1 scores for 5"), ("prose", "something else"), ("large", "more than 1 MiB"), ("gone", "answered 404")],
)
def test_a_served_detector_that_answers_otherwise_is_refused(address, path, reason, crops: np.ndarray) -> None:
    detector = load_detector(f"{address}/{path},{FACE},version=1")
    with pytest.raises(DetectorError, match=reason):
        detector.probabilities(crops)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://example.org/score", "write its IP address"),
        ("https://127.0.0.1/score", "expected http://"),
        ("http://me:secret@127.0.0.1/", "without log-in"),
        ("http://127.0.0.1:99999/", "is no address"),
    ],
)
def test_only_addresses_that_are_written_out_are_asked(address: str, reason: str) -> None:
    with pytest.raises(CheckpointError, match=reason):
        load_detector(f"{address},{FACE},version=1")


def test_nobody_at_the_address_is_one_line(crops: np.ndarray) -> None:
    with HTTPServer(("127.0.0.1", 0), _Model) as server:
        port = server.server_port
    with pytest.raises(DetectorError, match="is it running"):
        load_detector(f"http://127.0.0.1:{port}/,{FACE},version=1,timeout=2").probabilities(crops)


@pytest.mark.parametrize(
    ("text", "said", "missing"),
    [
        (BY_BLUE, "", "sees, manipulated"),
        (BY_BLUE, ",sees=face,manipulated=1", "size"),
        ("def predict(thing):\n    return 1\n", f",{FACE}", "takes"),
        (NETWORK, ":build,sees=face,manipulated=1", "size, normalise, output"),
    ],
)
def test_what_is_missing_is_asked_for_by_name(write, text: str, said: str, missing: str) -> None:
    path = write("mine.py", text)
    with pytest.raises(CheckpointError, match=f"does not say {missing};") as caught:
        load_detector(f"{path}{said}")
    assert "mine.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said", "reason"),
    [
        (BY_BLUE, "sees=face,size=32,manipulated=1,marign=1", "'marign' is no setting.*margin"),
        (BY_BLUE, "sees=both,size=32,manipulated=1", "sees = 'both' is not possible"),
        (BY_BLUE, "sees=face,size=-3,manipulated=1", "size = -3 is not possible"),
        ("import no_such_package\n", FACE, "cannot be opened: ModuleNotFoundError"),
        ("raise SystemExit(3)\n", FACE, "cannot be opened: SystemExit"),
        ("x = 1\n", FACE, "has to define predict"),
    ],
)
def test_a_detector_that_cannot_be_opened_says_why(write, text: str, said: str, reason: str) -> None:
    with pytest.raises(CheckpointError, match=reason):
        load_detector(f"{write('mine.py', text)},{said}")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("1 / 0", "failed on pictures.*ZeroDivisionError"),
        ("[0.5]", r"returned \(1,\) for 5 pictures"),
        ("[1.5] * 5", "returned 1.5 as a probability"),
        ("[float('nan')] * 5", "not finite"),
        ("['a'] * 5", "expected numbers"),
        ("[[0.1, 0.2, 0.7]] * 5", None),
    ],
)
def test_answers_that_are_no_scores_are_refused(write, crops: np.ndarray, body: str, reason: str | None) -> None:
    path = write("mine.py", f"def predict(pictures):\n    return {body}\n")
    if reason is None:
        three = load_detector(f"{path},sees=face,size={SIZE},manipulated=2")
        np.testing.assert_allclose(three.probabilities(crops), 0.7)
        return
    with pytest.raises(DetectorError, match=reason):
        load_detector(f"{path},{FACE}").probabilities(crops)


def test_other_code_is_another_detector(write) -> None:
    path = write("mine.py", BY_BLUE)
    before = load_detector(f"{path},{FACE}").model.state_dict()["digest"]
    same = load_detector(f"{path},{FACE}").model.state_dict()["digest"]
    other = load_detector(f"{write('mine.py', BY_BLUE + '# changed')},{FACE}").model.state_dict()["digest"]
    assert torch.equal(before, same) and not torch.equal(before, other)


def test_names_of_our_own_detectors_stay_ours(tmp_path: Path) -> None:
    assert not any(is_adapter(name) for name in ("cpu", "runs/cpu", str(tmp_path), "toy_cpu"))
    assert all(is_adapter(name) for name in ("a.py", "a.py:f", "lab.nets:build", "a.onnx,size=3", "http://127.0.0.1"))
    assert read_card("a.py").licence == "not stated"


def test_the_map_of_a_function_shows_the_place_that_it_looks_at(write, crops: np.ndarray) -> None:
    text = "def predict(pictures):\n    return pictures[:, :8, :8].reshape(len(pictures), -1).mean(1) / 255\n"
    bright = np.zeros_like(crops)
    bright[:, :8, :8] = 255
    maps = explain(load_detector(f"{write('mine.py', text)},{FACE}"), bright)
    assert maps.shape == (5, SIZE, SIZE)
    assert maps[:, :8, :8].mean() > 0.5
    assert maps[:, 16:, 16:].max() == 0


def test_a_detector_that_locates_gives_its_own_map(write, crops: np.ndarray) -> None:
    text = BY_BLUE + "def locate(pictures):\n    return pictures[:, ::2, ::2, 2] / 255\n"
    maps = explain(load_detector(f"{write('mine.py', text)},{FACE}"), crops)
    assert maps.shape == (5, SIZE, SIZE)
    corner = cv2.resize(crops[0, ::2, ::2, 2] / 255, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(maps[0], corner / corner.max(), atol=1e-6)
