"""Every engine gives the same results in the same order; a worker that dies costs nothing but time."""

from __future__ import annotations

import logging
import os
import sys
from functools import partial
from pathlib import Path

import pytest

from forensics.errors import ForensicsError, InputError
from forensics.execution.workers import RAY, WorkerConfig, open_pool
from forensics.execution.workers.dispatcher import AHEAD, TRIES

from .deeds import doing, never_starting, unready

TWO = WorkerConfig(workers=2)


def counted(
    folder: Path, worker_config: WorkerConfig, deeds: list[str], *, ordered: bool = True
) -> list[tuple[int, int]]:
    tasks = [(deed, number) for number, deed in enumerate(deeds)]
    with open_pool(worker_config, partial(doing, folder)) as pool:
        return [(place, result[0]) for place, result in pool.work(tasks, ordered=ordered)]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_come_in_the_order_of_the_tasks_whoever_does_them(tmp_path: Path, workers: int) -> None:
    assert counted(tmp_path, WorkerConfig(workers=workers), ["count"] * 25) == [(n, n) for n in range(25)]
    assert len(list(tmp_path.glob("warm-*"))) <= workers


def test_a_crew_stays_warm_from_one_list_of_tasks_to_the_next(tmp_path: Path) -> None:
    with open_pool(TWO, partial(doing, tmp_path)) as pool:
        for _ in range(3):
            found = dict(pool.work([("count", number) for number in range(6)]))
            assert sorted(found) == list(range(6))
        assert len({pid for _, pid, _ in found.values()} - {os.getpid()}) in (1, 2)
        assert {threads for *_, threads in found.values()} == {"1"}
    assert len(list(tmp_path.glob("warm-*"))) in (1, 2)  # one may have done it all before the other was ready


def test_no_task_is_no_work(tmp_path: Path) -> None:
    assert counted(tmp_path, TWO, []) == []


def test_a_worker_that_dies_loses_nothing_and_repeats_nothing_but_what_it_was_at(tmp_path: Path) -> None:
    deeds = ["die once" if number in (0, 7, 8, 19) else "count" for number in range(20)]
    assert counted(tmp_path, TWO, deeds) == [(n, n) for n in range(20)]
    begun = [len((tmp_path / f"begun-{number}").read_text()) for number in range(20)]
    assert begun == [2 if deed == "die once" else 1 for deed in deeds]


def test_records_of_workers_are_logged_here_and_so_is_what_becomes_of_the_workers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert len(counted(tmp_path, TWO, ["log", "die once", "log", "log"])) == 4
    records = [(one.levelname, one.getMessage()) for one in caplog.records if one.name == "forensics.deeds"]
    assert sorted(records) == [("INFO", f"did {number}\n") for number in (0, 2, 3)]
    said = [one.getMessage() for one in caplog.records if one.name == "forensics.execution.workers.dispatcher"]
    assert said[0] == "started 2 workers"
    assert [line.partition(" died of ")[2] for line in said[1:]] == ["SIGKILL and is replaced"]
    caplog.clear()
    caplog.set_level(logging.DEBUG, "forensics")
    counted(tmp_path, TWO, ["count", "log"])
    assert "a detail of 1" in caplog.messages


def test_a_task_that_ends_one_worker_after_another_ends_the_run_with_one_line(tmp_path: Path) -> None:
    with pytest.raises(ForensicsError, match=r"task 3 of 4 ended 3 processes .* SIGKILL.*fewer --workers") as caught:
        counted(tmp_path, TWO, ["count", "count", "die", "count"])
    assert "\n" not in str(caught.value)
    assert (tmp_path / "begun-2").read_text() == "x" * TRIES


def test_an_error_of_a_task_is_raised_here_as_it_was_there(tmp_path: Path) -> None:
    for worker_config in (WorkerConfig(), TWO):
        with pytest.raises(InputError, match="1 is refused") as caught:
            counted(tmp_path, worker_config, ["count", "refuse", "count"])
        assert caught.value.path == Path("1")
        with pytest.raises(EOFError, match="too soon"):
            counted(tmp_path, worker_config, ["end of file"])


def test_what_cannot_get_ready_says_why() -> None:
    with pytest.raises(InputError, match="the detector is missing"), open_pool(TWO, unready) as pool:
        list(pool.work([1]))
    with (
        pytest.raises(ForensicsError, match=r"3 working processes did not start \(exit code 7\)"),
        open_pool(TWO, never_starting) as pool,
    ):
        list(pool.work([1]))


def test_whoever_takes_slowly_is_not_buried_and_a_slow_first_task_holds_the_others_up(tmp_path: Path) -> None:
    """Results wait for the first one, in a window that does not grow with the tasks."""
    tasks = [("await" if number == 0 else "count", number) for number in range(100)]
    with open_pool(TWO, partial(doing, tmp_path)) as pool:
        found = pool.work(tasks, ordered=False)
        early = [next(found)[0] for _ in range(20)]
        assert early == list(range(1, 21))
        begun = len(list(tmp_path.glob("begun-*")))
        assert begun <= 21 + AHEAD * 2
        (tmp_path / "go").touch()
        assert sorted([*early, *(place for place, _ in found)]) == list(range(100))


def test_in_order_no_more_than_the_window_is_begun_before_the_first_is_done(tmp_path: Path) -> None:
    from forensics.execution.workers.dispatcher import DispatchedPool, TaskDone, WorkerReady

    class Eager:
        """Ends the newest task first, and the oldest when there is nothing else."""

        count = 2

        def __init__(self) -> None:
            self.at: dict[int, object] = {}
            self.begun: list[object] = []
            self.told = False

        def submit(self, worker: int, task: object) -> None:
            self.at[worker] = task
            self.begun.append(task)

        def poll(self) -> list[object]:
            if not self.told:
                self.told = True
                return [WorkerReady(0), WorkerReady(1)]
            worker = max(self.at, key=lambda number: self.at[number])
            return [TaskDone(worker, self.at.pop(worker))]

    workers = Eager()
    pool = DispatchedPool(workers)
    place, result = next(pool.work(range(100)))
    assert (place, result) == (0, 0)
    assert len(workers.begun) == AHEAD * 2


def test_ray_that_is_not_installed_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(ForensicsError, match=r"pip install 'facetrail\[ray\]'"),
        open_pool(WorkerConfig(RAY, 2), unready),
    ):
        pass
