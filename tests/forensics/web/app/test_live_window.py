"""The live window: a picture follows a camera, every picture is marked, and other computers are refused."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from forensics.web.app.guard import MOST_FRAME, Guard, GuardConfig
from forensics.web.app.live_window import LiveWindow, live_routes
from generator import FaceParams, LivePicture
from generator.avatars import render, sample_avatar
from generator.inference.live_picture import LABEL
from watermark import read_mark

AVATAR, DRIVER = sample_avatar(3, "cartoon"), sample_avatar(11, "real")
FACE = replace(AVATAR.params(), camera=np.array([0.3, 0.5, 0.5], np.float32))
HERE = ("127.0.0.1", 50000)


class KnowingTracker:
    """Returns the faces that it was given, one a frame; None stands for a frame without a face."""

    def __init__(self, faces: list[FaceParams | None]) -> None:
        self._faces = iter(faces)

    def track(self, image: np.ndarray, seconds: float) -> FaceParams | None:
        return next(self._faces)


@pytest.fixture(scope="module")
def live(deployment):
    return LivePicture(render(AVATAR, FACE, 256).picture, FACE, deployment)


@pytest.fixture
def window(live, monkeypatch):
    """Return a function that makes a window whose camera shows given faces."""

    def made(*faces: FaceParams | None) -> LiveWindow:
        found = LiveWindow(live)
        tracker = KnowingTracker(list(faces))
        monkeypatch.setattr(found, "_opened", lambda: tracker)
        return found

    return made


def frame(height=96, width=128) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), 128, np.uint8))[1].tobytes()


def shown(answer: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(answer, np.uint8), cv2.IMREAD_COLOR)[..., ::-1].copy()


def turned(face: FaceParams, degrees: float) -> FaceParams:
    return replace(face, pose=face.pose + np.array([np.radians(degrees), 0, 0], np.float32))


def test_the_picture_follows_the_change_since_rest_and_carries_mark_and_label(window, live, deployment):
    rest = DRIVER.params()
    camera = window(rest, turned(rest, 20), turned(rest, 20), turned(rest, 20))
    still, moved = shown(camera.answer(frame()).picture), shown(camera.answer(frame()).picture)
    head = slice(40, 180)
    source = live.shown(live.params)
    assert np.abs(still[head].astype(int) - source[head]).mean() < 3
    assert np.abs(moved[head].astype(int) - source[head]).mean() > 6
    again = shown(camera.answer(frame(), at_rest=True).picture)
    assert np.abs(again[head].astype(int) - source[head]).mean() < 3
    for picture in (still, moved, again):
        assert read_mark(picture, deployment.mark_keys).id == live._payload.hex
        assert picture[-10:].mean() < 0.7 * source[-10:].mean()
    assert "generated" in LABEL


def test_without_a_face_nothing_is_shown_and_the_rest_is_kept(window):
    rest = DRIVER.params()
    camera = window(None, rest, None, turned(rest, 20))
    answers = [camera.answer(frame()).picture for _ in range(4)]
    assert [answer is None for answer in answers] == [True, False, True, False]
    assert np.abs(shown(answers[1]).astype(int) - shown(answers[3])).mean() > 3


@pytest.mark.parametrize("content", [b"", b"no picture", frame(20, 2000)])
def test_what_is_no_frame_of_a_camera_is_refused(window, content):
    with pytest.raises(ValueError, match=r"JPEG|too large"):
        window().answer(content)


@pytest.fixture
def address(sessions, window):
    """Return a client of this computer, the address of a window, and its session."""
    rest = DRIVER.params()
    session = sessions.of("tab")
    token = session.show_live(window(rest, None, rest))
    app = Guard(Starlette(routes=live_routes(sessions)), GuardConfig(("testserver",)))
    return app, f"/live/{token}", session


def test_the_window_answers_frames_of_this_computer(address, deployment):
    app, path, _ = address
    client = TestClient(app, client=HERE)
    page = client.get(path)
    assert page.status_code == 200 and "getUserMedia" in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "connect-src 'self'" in policy and "unsafe" not in policy
    answer = client.post(path, content=frame())
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert read_mark(shown(answer.content), deployment.mark_keys).present
    assert float(answer.headers["server-timing"].removeprefix("all;dur=")) > 0
    nobody = client.post(path, content=frame())
    assert nobody.status_code == 200 and nobody.text.startswith("no face is seen")
    assert client.post(path, content=b"x").status_code == 400
    assert client.post(path, content=bytes(MOST_FRAME + 1)).status_code == 413


def test_other_computers_and_other_sites_are_refused(address):
    app, path, _ = address
    for client in (TestClient(app, client=("192.168.1.7", 5)), TestClient(app, client=("testclient", 5))):
        assert client.get(path).status_code == 403
        answer = client.post(path, content=frame())
        assert answer.status_code == 403 and "only for the computer" in answer.text
    foreign = TestClient(app, client=HERE).post(path, content=frame(), headers={"origin": "http://evil.example"})
    assert foreign.status_code == 403


def test_a_window_ends_with_its_page_and_a_new_one_replaces_it(address, sessions, window):
    app, path, session = address
    client = TestClient(app, client=HERE)
    second = f"/live/{session.show_live(window(DRIVER.params()))}"
    assert client.get(path).status_code == 404
    assert client.get(second).status_code == 200
    sessions.leave("tab")
    assert client.get(second).status_code == 404
    assert client.post(second, content=frame()).status_code == 404
