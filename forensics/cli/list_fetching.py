"""Fetch a trust list from an address that the user has given, on request only.

The list decides whose signatures are believed, so it travels over https alone, also after a redirection; plain http is
accepted from this computer.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.parse import urlsplit

from forensics.errors import InputError

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SECONDS = 30
_LONGEST = 8 << 20


def check_address(url: str) -> None:
    """Refuse an address on whose way the list could be exchanged.

    Raises:
        InputError: It is neither an https address nor an http address of this computer.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise InputError(f"{url}: is no address ({error})") from error
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)):
        raise InputError(f"{url}: is no https address; a list over plain http could be exchanged on its way")


def fetch_list(url: str) -> str:
    """Return the text at an address.

    Args:
        url: An address that `check_address` accepts.

    Raises:
        InputError: The address or one that it redirects to is not accepted, does not answer, or answers with something
            else than a text of at most 8 MiB.
    """
    check_address(url)
    opener = urllib.request.build_opener(_SafeRedirections)
    try:
        with opener.open(url, timeout=_SECONDS) as answer:
            content = answer.read(_LONGEST + 1)
    except (urllib.error.URLError, HTTPException, OSError) as error:
        raise InputError(f"{url}: the list cannot be fetched ({error}); the present one stays") from error
    if len(content) > _LONGEST:
        raise InputError(f"{url}: answers with more than {_LONGEST >> 20} MiB, which is no trust list")
    try:
        return str(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"{url}: answers with something else than text; give the address of a PEM file") from error


class _SafeRedirections(urllib.request.HTTPRedirectHandler):
    """Follow redirections to acceptable addresses only."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        """Return the next request.

        Raises:
            InputError: Its address is not accepted.
        """
        check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
