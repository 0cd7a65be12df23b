"""The whole suite runs with the network cut: whatever Python code asks for beyond this computer fails its test."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator

import pytest


def is_here(host: object) -> bool:
    """Tell whether a name or address is this computer's own; no name is asked for."""
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(host))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


@pytest.fixture(autouse=True, scope="session")
def network_cut() -> Iterator[None]:
    """Let connections to this computer through, and no others."""
    resolve, families = socket.getaddrinfo, (socket.AF_INET, socket.AF_INET6)

    def getaddrinfo(host, *arguments, **options):  # type: ignore[no-untyped-def]
        check("getaddrinfo", host)
        return resolve(host, *arguments, **options)

    def guarded(name: str, ask):  # type: ignore[no-untyped-def]
        def method(asked: socket.socket, *arguments):  # type: ignore[no-untyped-def]
            if asked.family in families:
                check(name, arguments[-1][0])
            return ask(asked, *arguments)

        return method

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, guarded(name, getattr(socket.socket, name)))
        yield


def check(question: str, host: object) -> None:
    """Fail the test where it is not this computer that is asked."""
    if not is_here(host):
        pytest.fail(f"the network was asked for: {question} {host!r}")
