"""What holds for the whole suite: the network is cut, nothing depends on a fast machine, and long tests start first.

Whatever Python code asks for beyond this computer fails its test.
"""

from __future__ import annotations

import gc
import ipaddress
import logging
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start every process of pytest-xdist with modules that hold slow tests, so that none of them ends alone."""
    processes = getattr(config, "workerinput", {}).get("workercount", 1)
    if processes > 1:
        items[:] = slow_modules_first(items, processes)


def slow_modules_first(items: list[pytest.Item], processes: int) -> list[pytest.Item]:
    """Order the tests so that each of as many equal pieces begins with its share of the slow modules.

    With `--dist worksteal`, a process gets one such piece and works on it from its beginning; one that is done takes
    over tests from the end of another's piece. Tests of one module stay together, because they share fixtures.
    """
    modules: dict[str, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.nodeid.partition("::")[0], []).append(item)
    pieces: list[list[pytest.Item]] = [[] for _ in range(processes)]
    slow_tests = [0] * processes
    quick: list[pytest.Item] = []
    for module in modules.values():
        slow = sum(item.get_closest_marker("slow") is not None for item in module)
        if slow:
            chosen = slow_tests.index(min(slow_tests))
            slow_tests[chosen] += slow
            pieces[chosen] += module
        else:
            quick += module
    for number, piece in enumerate(pieces):
        wanted = (number + 1) * len(items) // processes - number * len(items) // processes
        missing = max(wanted - len(piece), 0)
        piece += quick[:missing]
        del quick[:missing]
    return [item for piece in pieces for item in piece] + quick


def pytest_collection_finish() -> None:
    """Spare the garbage collector what was imported to collect the tests; it stays until the end."""
    gc.collect()
    gc.freeze()


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


@pytest.fixture(autouse=True)
def fresh_log_levels() -> None:
    """Undo what a command that an earlier test called in this process set: which records our packages log."""
    for name in ("watermark", "generator", "detectors", "forensics"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def check(question: str, host: object) -> None:
    """Fail the test where it is not this computer that is asked."""
    if not is_here(host):
        pytest.fail(f"the network was asked for: {question} {host!r}")
