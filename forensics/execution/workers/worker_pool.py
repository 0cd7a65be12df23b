"""Who works off many independent tasks, and the one way to ask for it, whichever engine does the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar

from ..progress import Report, part, silent

Task = TypeVar("Task")
Result = TypeVar("Result")
Task_in = TypeVar("Task_in", contravariant=True)
Result_out = TypeVar("Result_out", covariant=True)

Work: TypeAlias = Callable[[Task, Report], Result]
"""Does one task; the report is told how far that task is."""

Prepare: TypeAlias = Callable[[], AbstractContextManager[Callable[[Task, Report], Result]]]
"""Makes a worker warm: called once in each, and held open for as long as it works."""

LOCAL, RAY = "local", "ray"


@dataclass(frozen=True, slots=True)
class Labour:
    """Which engine works, and with how many workers.

    Attributes:
        engine: `local` or `ray`.
        workers: How many; 1 on the local engine works in this process. None takes one for each core, on Ray as many as
            the cluster has room for.
        address: Of the Ray cluster, None to start one on this machine.
        gpus: Of each worker on Ray; less than 1 to share one.
    """

    engine: str = LOCAL
    workers: int | None = 1
    address: str | None = None
    gpus: float = 0.0

    @property
    def alone(self) -> bool:
        """Whether the work is done in this process."""
        return self.engine == LOCAL and self.workers == 1

    @property
    def device(self) -> str | None:
        """Where a worker computes, None for wherever the work itself says."""
        return "cuda" if self.gpus else None


ALONE = Labour()


class Crew(Protocol[Task_in, Result_out]):
    """Warm workers that wait for tasks."""

    def work(
        self, tasks: Sequence[Task_in], *, ordered: bool = True, report: Report = silent
    ) -> Iterator[tuple[int, Result_out]]:
        """Work off tasks and give each result with the place of its task.

        Only a few tasks for each worker are under way or wait to be taken, so that whoever takes slowly is not buried.
        The task of a worker that died is done again by another one.

        Args:
            tasks: What to do; each must mean the same in any process.
            ordered: Give the results in the order of the tasks, and not as soon as each is there.
            report: Is told how far the work is, where it is done in this process; else the results say so.

        Raises:
            ForensicsError: A task ended one worker after another, or a worker could not be started; besides that,
                whatever a task raises.
        """


@contextmanager
def open_crew(labour: Labour, prepare: Prepare[Task, Result]) -> Iterator[Crew[Task, Result]]:
    """Yield a crew, whose workers end with the block.

    Args:
        labour: Which engine, and how many.
        prepare: Makes each worker warm. Other processes get it pickled, so it has to be a function of a module, or a
            partial of one.

    Raises:
        MissingPieceError: The engine's package is not installed.
        InputError: The cluster cannot be reached.
    """
    if labour.alone:
        with prepare() as work:
            yield _Alone(work)
        return
    from .dispatch import Dispatched, Hands

    hands: Hands
    if labour.engine == RAY:
        from .ray_actors import RayActors

        hands = RayActors(prepare, labour)
    else:
        from .processes import Processes

        hands = Processes(prepare, labour)
    try:
        yield Dispatched(hands)
    finally:
        hands.close()


class _Alone(Generic[Task, Result]):
    """A crew of nobody but this process."""

    def __init__(self, work: Work[Task, Result]) -> None:
        self._work = work

    def work(
        self, tasks: Sequence[Task], *, ordered: bool = True, report: Report = silent
    ) -> Iterator[tuple[int, Result]]:
        for place, task in enumerate(tasks):
            yield place, self._work(task, part(report, place / len(tasks), (place + 1) / len(tasks)))
