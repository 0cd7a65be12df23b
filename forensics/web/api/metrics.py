"""Count requests, and write the counts as Prometheus reads them (text format 0.0.4)."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


@dataclass(slots=True, eq=False)
class Metrics:
    """Counts of one process of the service; they begin with it.

    Attributes:
        gauges: Functions that return a present number, by name, with a line of help.
    """

    gauges: dict[str, tuple[str, Callable[[], float]]] = field(default_factory=dict)
    _requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    _seconds: dict[str, list[int]] = field(default_factory=dict)
    _sums: Counter[str] = field(default_factory=Counter)
    _received: Counter[str] = field(default_factory=Counter)

    def count(self, method: str, route: str, status: int, seconds: float, received: int) -> None:
        """Count one answered request.

        Args:
            method: HTTP method; one that no route has is counted as OTHER.
            route: The route and not the path, so that clients cannot add names without end.
            status: Status of the answer.
            seconds: Time that it took.
            received: Bytes of the body.
        """
        known = method if method in ("GET", "POST", "HEAD", "OPTIONS") else "OTHER"
        self._requests[known, route, status] += 1
        self._seconds.setdefault(route, [0] * (len(_BOUNDS) + 1))[bisect_left(_BOUNDS, seconds)] += 1
        self._sums[route] += seconds  # type: ignore[assignment]  # counters add floats as well
        self._received[route] += received

    def text(self) -> str:
        """Return all counts."""
        return "\n".join([*self._lines(), ""])

    def _lines(self) -> Iterator[str]:
        yield from _head("facetrail_requests_total", "counter", "Answered requests.")
        for (method, route, status), count in sorted(self._requests.items()):
            labels = f'method="{method}",route="{route}",status="{status}"'
            yield f"facetrail_requests_total{{{labels}}} {count}"
        yield from _head("facetrail_request_seconds", "histogram", "Time of requests.")
        for route, counts in sorted(self._seconds.items()):
            yield from self._histogram(route, counts)
        yield from _head("facetrail_received_bytes_total", "counter", "Bytes of request bodies.")
        for route, count in sorted(self._received.items()):
            yield f'facetrail_received_bytes_total{{route="{route}"}} {count}'
        for name, (words, number) in sorted(self.gauges.items()):
            yield from _head(name, "gauge", words)
            yield f"{name} {number():g}"

    def _histogram(self, route: str, counts: list[int]) -> Iterator[str]:
        total = 0
        for bound, count in zip((*(f"{one:g}" for one in _BOUNDS), "+Inf"), counts, strict=True):
            total += count
            yield f'facetrail_request_seconds_bucket{{route="{route}",le="{bound}"}} {total}'
        yield f'facetrail_request_seconds_sum{{route="{route}"}} {self._sums[route]:.6f}'
        yield f'facetrail_request_seconds_count{{route="{route}"}} {total}'


def _head(name: str, kind: str, words: str) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} {kind}"
