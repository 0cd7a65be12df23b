"""Ask a detector that is served over HTTP: pictures out, scores in.

The request is a POST with the JSON `{"pictures": ["<PNG in base64>", …]}`, the answer the JSON `{"scores": [0.1, …]}`
with one number, or one list of a number a class, for each picture. The address is this machine or an IP address that is
written out; names are not looked up, and neither proxies nor redirections are followed.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import ipaddress
import json
import logging
from urllib.parse import urlsplit

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.errors import CheckpointError, DetectorError

_LOG = logging.getLogger(__name__)

LARGEST_ANSWER = 1 << 20
"""Largest answer that is read, in bytes."""

AT_ONCE = 8
"""Most pictures of one request."""


class ServedScorer:
    """A served detector as a function of pictures."""

    def __init__(self, address: str, timeout: float) -> None:
        """Check the address; nothing is sent yet.

        Args:
            address: `http://` with an IP address or `localhost`, a port and a path.
            timeout: Seconds for one answer.

        Raises:
            CheckpointError: The address is of another kind.
        """
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError as error:
            raise CheckpointError(f"{address}: is no address ({error})") from error
        host = parts.hostname or ""
        if parts.scheme != "http" or parts.username is not None or parts.fragment:
            raise CheckpointError(f"{address}: expected http://127.0.0.1:PORT/PATH, without log-in")
        try:
            here = host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError as error:
            raise CheckpointError(
                f"{address}: names a host by {host!r}, and names are not looked up; write its IP address"
            ) from error
        if not here:
            _LOG.warning("pictures are sent to %s, which is another machine", host)
        self.address, self._host, self._port, self._timeout = address, host, port or 80, timeout
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def digest(self, version: str) -> str:
        """Return the SHA-256 (hex) of the address and the version that the user states."""
        return hashlib.sha256(f"{self.address}\n{version}".encode()).hexdigest()

    def __call__(self, pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the scores (N,) or (N, C) of pictures.

        Raises:
            DetectorError: There is no answer within the time, or it is too large or of another form.
        """
        parts = [self._ask(pictures[first : first + AT_ONCE]) for first in range(0, len(pictures), AT_ONCE)]
        return np.concatenate(parts)

    def _ask(self, pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
        body = json.dumps({"pictures": [_encoded(picture) for picture in pictures]}).encode()
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read(LARGEST_ANSWER + 1)
        except (OSError, http.client.HTTPException) as error:
            raise DetectorError(
                f"{self.address}: gave no answer within {self._timeout:g} s "
                f"({error or type(error).__name__}); is it running?"
            ) from error
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise DetectorError(f"{self.address}: answered {answer.status} {answer.reason}; expected 200")
        if len(content) > LARGEST_ANSWER:
            raise DetectorError(f"{self.address}: answered with more than {LARGEST_ANSWER >> 20} MiB")
        try:
            scores = np.asarray(json.loads(content)["scores"], dtype=np.float64)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise DetectorError(
                f'{self.address}: answered with something else than {{"scores": [one number a picture]}}'
            ) from error
        if scores.shape[:1] != (len(pictures),):
            raise DetectorError(
                f"{self.address}: gave {len(np.atleast_1d(scores))} scores for {len(pictures)} pictures"
            )
        return scores


def _encoded(picture: NDArray[np.uint8]) -> str:
    _, content = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))  # OpenCV has BGR
    return base64.b64encode(content.tobytes()).decode("ascii")
