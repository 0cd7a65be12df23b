"""Let a picture follow the camera of this computer, live: the browser sends frames, and gets marked pictures back.

Every picture that leaves is marked and says that it is generated (`generator.LiveFollower`). Frames are kept nowhere.
"""

from __future__ import annotations

import io
import ipaddress
import secrets
import threading
import time
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from forensics.animation.tracking import TrackerChoice, open_tracker
from generator import LiveFollower, LivePicture
from generator.trackers import AvatarTracker, LiveTracker

from .sessions import Sessions
from .templating import render

_LONGEST_SIDE = 1280
_QUALITY = 95
_GONE = "this live window is gone; open it again on the page"
_ELSEWHERE = "The live window is only for the computer that runs the page, and asks no other one for its camera."


@dataclass(frozen=True, slots=True)
class LiveAnswer:
    """The answer to one frame.

    Attributes:
        picture: The marked picture as JPEG; None where no face was found.
        seconds: Time from the frame to the answer.
    """

    picture: bytes | None
    seconds: float


class LiveWindow:
    """One picture that follows one camera.

    Args:
        live: The picture in any pose.
    """

    def __init__(self, live: LivePicture) -> None:
        self._live = live
        self._tracker: LiveTracker | None = None
        self._follower: LiveFollower | None = None
        self._one_at_a_time = threading.Lock()

    def answer(self, frame: bytes, *, at_rest: bool = False) -> LiveAnswer:
        """Track the face in a frame of the camera and return the picture that follows it.

        Args:
            frame: The frame as JPEG.
            at_rest: Whether the face is at rest in it; the first face that is found counts as at rest, too.

        Raises:
            ValueError: The frame is no JPEG, or too large.
            GeneratorError: The tracker cannot be loaded.
        """
        with self._one_at_a_time:
            started = time.monotonic()
            picture = _decoded(frame)
            face = self._opened().track(picture, started)
            if face is None:
                return LiveAnswer(None, time.monotonic() - started)
            if self._follower is None or at_rest:
                self._follower = self._live.follower(face)
            shown = self._follower.shown(face)
            done, coded = cv2.imencode(
                ".jpg", np.ascontiguousarray(shown[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
            )
            if not done:
                raise ValueError("the picture cannot be written as JPEG")
            return LiveAnswer(coded.tobytes(), time.monotonic() - started)

    def _opened(self) -> LiveTracker:
        if self._tracker is None:
            tracker = open_tracker(TrackerChoice("arkit"))
            assert isinstance(tracker, AvatarTracker)  # noqa: S101 - what the name stands for  # nosec B101
            self._tracker = LiveTracker(tracker)
        return self._tracker


def live_routes(sessions: Sessions) -> list[Route]:
    """Return the routes of the live windows; both answer browsers of this computer only.

    Args:
        sessions: The sessions with the windows.
    """

    async def window(request: Request) -> Response:
        if not is_this_computer(request):
            return PlainTextResponse(_ELSEWHERE, 403)
        if sessions.find_live(request.path_params["token"]) is None:
            return PlainTextResponse(_GONE, 404)
        nonce = secrets.token_urlsafe(16)
        answer = HTMLResponse(render("live", nonce=nonce))
        answer.headers["content-security-policy"] = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
            "img-src blob:; media-src blob:; frame-ancestors 'self'"
        )
        answer.headers["permissions-policy"] = "camera=(self)"
        return answer

    async def frame(request: Request) -> Response:
        if not is_this_computer(request):
            return PlainTextResponse(_ELSEWHERE, 403)
        found = sessions.find_live(request.path_params["token"])
        if found is None:
            return PlainTextResponse(_GONE, 404)
        body, at_rest = await request.body(), "rest" in request.query_params
        try:
            made = await run_in_threadpool(found.answer, body, at_rest=at_rest)
        except ValueError as error:
            return PlainTextResponse(str(error), 400)
        timing = {"server-timing": f"all;dur={1000 * made.seconds:.1f}"}
        if made.picture is None:
            return PlainTextResponse("no face is seen; come nearer and look at the camera", headers=timing)
        return Response(made.picture, media_type="image/jpeg", headers=timing)

    return [Route("/live/{token}", window), Route("/live/{token}", frame, methods=["POST"])]


def is_this_computer(request: Request) -> bool:
    """Return whether a request comes from the computer that runs the page."""
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _decoded(frame: bytes) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(frame), formats=["JPEG"]) as image:
            if max(image.size) > _LONGEST_SIDE:
                raise ValueError(f"a frame of {image.size[0]} × {image.size[1]} pixels is too large")
            return np.asarray(image.convert("RGB"), np.uint8)
    except OSError as error:
        raise ValueError(f"the frame is no JPEG ({error})") from error
