"""The same crews on Ray: a cluster of this machine, reached over loopback."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from forensics.errors import ForensicsError, InputError
from forensics.execution.workers import RAY, WorkerConfig, open_pool

from .deeds import doing, unready

ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")

pytestmark = pytest.mark.slow

TWO = WorkerConfig(RAY, 2)


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """One cluster of two slots for all tests; a run that finds one uses it, and leaves it."""
    path = os.pathsep.join([str(Path(__file__).parents[4]), os.environ.get("PYTHONPATH", "")])
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": path}},
    )
    yield
    ray.shutdown()


def counted(folder: Path, worker_config: WorkerConfig, deeds: list[str]) -> list[tuple[int, int]]:
    tasks = [(deed, number) for number, deed in enumerate(deeds)]
    with open_pool(worker_config, partial(doing, folder)) as pool:
        return [(place, result[0]) for place, result in pool.work(tasks)]


def test_results_come_in_the_order_of_the_tasks_from_warm_actors(tmp_path: Path) -> None:
    with open_pool(TWO, partial(doing, tmp_path)) as pool:
        found = list(pool.work([("count", number) for number in range(25)]))
    assert [(place, result[0]) for place, result in found] == [(n, n) for n in range(25)]
    assert {result[2] for _, result in found} == {"1"}
    assert os.getpid() not in {result[1] for _, result in found}
    assert len(list(tmp_path.glob("warm-*"))) <= 2


def test_records_of_actors_are_logged_here(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    counted(tmp_path, TWO, ["log", "count", "log"])
    records = [(one.levelname, one.getMessage()) for one in caplog.records if one.name == "forensics.deeds"]
    assert sorted(records) == [("INFO", "did 0\n"), ("INFO", "did 2\n")]


def test_an_actor_that_dies_loses_nothing_and_repeats_nothing_but_what_it_was_at(tmp_path: Path) -> None:
    deeds = ["die once" if number in (0, 5) else "count" for number in range(12)]
    assert counted(tmp_path, TWO, deeds) == [(n, n) for n in range(12)]
    begun = [len((tmp_path / f"begun-{number}").read_text()) for number in range(12)]
    assert begun == [2 if deed == "die once" else 1 for deed in deeds]


def test_more_workers_than_there_is_room_for_are_not_waited_for(tmp_path: Path) -> None:
    assert counted(tmp_path, WorkerConfig(RAY, 5), ["count"] * 12) == [(n, n) for n in range(12)]
    assert 1 <= len(list(tmp_path.glob("warm-*"))) <= 2


def test_without_a_number_there_are_as_many_workers_as_there_is_room_for(tmp_path: Path) -> None:
    assert counted(tmp_path, WorkerConfig(RAY, None), ["count"] * 4) == [(n, n) for n in range(4)]


def test_errors_are_raised_here_as_they_were_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1 is refused"):
        counted(tmp_path, TWO, ["count", "refuse"])
    with pytest.raises(InputError, match="the detector is missing"), open_pool(TWO, unready) as pool:
        list(pool.work([1]))


def test_a_graphics_card_that_is_not_there_is_said_so() -> None:
    with (
        pytest.raises(ForensicsError, match="no room for one worker with 1 CPU and 1 GPU"),
        open_pool(WorkerConfig(RAY, None, gpus=1), unready),
    ):
        pass
