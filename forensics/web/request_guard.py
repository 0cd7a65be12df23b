"""Check who may call a server on this computer: programs and our own pages, and no page of another site.

1. `Host` must be one of our names; otherwise a foreign site's name was pointed at this computer (DNS rebinding).
2. A request of a foreign site is rejected, by `Sec-Fetch-Site` and by `Origin` (CSRF).

The import of this module must stay fast, because `--help` imports it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.datastructures import Headers

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason why a request is rejected.

    Attributes:
        status: Status of the HTTP response.
        words: One line for the client.
    """

    status: int
    words: str


def refusal_of(headers: Headers, method: str, hosts: Sequence[str]) -> Refusal | None:
    """Return the reason to reject a request by its sender; None where it is allowed.

    Args:
        headers: Headers of the request.
        method: Method of the request.
        hosts: Our names, see `allowed_hosts`.
    """
    host = headers.get("host", "")
    if len(headers.getlist("host")) != 1 or _name_of(host) not in hosts:
        return Refusal(421, "nothing here is called by that name; add it with --name")
    if _is_foreign(headers, method, host):
        return Refusal(403, "a request from another site is not answered")
    return None


def allowed_hosts(host: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the host names that are accepted.

    Args:
        host: The address to listen at.
        names: Further names of the user.
    """
    return tuple(dict.fromkeys(name.lower().strip("[]") for name in (host, *LOOPBACK, *names)))


def _is_foreign(headers: Headers, method: str, host: str) -> bool:
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    navigates = method == "GET" and headers.get("sec-fetch-mode") == "navigate" and site != "same-origin"
    if site not in ("same-origin", "none") and not (navigates and headers.get("sec-fetch-dest") == "document"):
        return True
    return origin is not None and _place_of(origin) != host.lower()


def _name_of(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _place_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None
