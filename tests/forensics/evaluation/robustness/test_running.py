"""Runs over cells: the same numbers however they are cut, nothing lost, nothing damaged believed."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forensics.errors import InputError
from forensics.evaluation import read_scores
from forensics.evaluation.robustness import run_cells, running
from forensics.evaluation.robustness.work_units import CLEAN_KEY, score_shard
from forensics.evaluation.run.score_corpus import score_samples
from forensics.execution.workers import WorkerConfig

pytestmark = pytest.mark.slow  # together they take several seconds

CELLS = [("noise", 2), ("h264", 3), ("deeperforensics1:JPEG", 4), ("deeperforensics1:mixed", 1), ("mark:control", 1)]


def scores(found):
    return {one.key: one.table.scores.tolist() for one in found}


@pytest.fixture
def worked(monkeypatch):
    """Every shard that is really scored."""
    seen = []

    def counted(detector, finder, shard, **settings):
        seen.append(shard)
        return score_shard(detector, finder, shard, **settings)

    monkeypatch.setattr(running, "score_shard", counted)
    return seen


def test_the_undistorted_cell_is_what_plain_scoring_gives(make_run):
    run = make_run(folder=None)
    (clean,) = run_cells(run, [])
    plain = score_samples(run.detector, run.corpus, run.samples, per_clip=2)
    assert clean.key == CLEAN_KEY
    assert clean.table.videos == plain.videos
    assert clean.table.scores == pytest.approx(plain.scores, abs=1e-6)


def test_finished_cells_are_not_scored_again(make_run, worked):
    first = run_cells(make_run(), CELLS)
    done = len(worked)
    again = run_cells(make_run(), CELLS)
    assert done == -(-len(make_run().samples) // running.CLIPS_OF_A_SHARD)
    assert len(worked) == done
    assert scores(again) == scores(first)
    assert [one.recipes for one in again] == [one.recipes for one in first]
    assert not (make_run().folder / "parts").exists()


def test_a_further_cell_is_scored_alone_and_alike(make_run, worked, tmp_path):
    run_cells(make_run(), CELLS[:1])
    del worked[:]
    found = run_cells(make_run(), CELLS[:2])
    assert {shard.cells for shard in worked} == {(("h264", 3),)}
    assert scores(found) == scores(run_cells(make_run(folder=tmp_path / "else"), CELLS[1::-1]))


@pytest.mark.parametrize("changes", [{"seed": 1}, {"detector_digest": "other"}, {"per_clip": 1}, {"lead": 0}])
def test_cells_of_another_run_are_not_taken_for_ones_own(make_run, worked, changes):
    run_cells(make_run(), CELLS[:1])
    done = len(worked)
    run_cells(make_run(**changes), CELLS[:1])
    assert len(worked) == 2 * done


def test_cells_of_another_corpus_are_not_taken_for_ones_own(make_run, worked):
    run_cells(make_run(), CELLS[:1])
    done = len(worked)
    samples = make_run().samples
    run_cells(make_run(samples=(replace(samples[0], sha256="0" * 64), *samples[1:])), CELLS[:1])
    assert len(worked) == 2 * done


@pytest.mark.parametrize("suffix", ["csv", "json"])
@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_a_damaged_cell_is_noticed_and_scored_again(make_run, worked, suffix, harm):
    first = run_cells(make_run(), CELLS[:1])
    del worked[:]
    path = make_run().folder / f"noise-2.{suffix}"
    whole = path.read_bytes()
    if harm == "remove":
        path.unlink()
    else:
        place = whole.rindex(b"0.") + 3 if suffix == "csv" else whole.index(b'"sha256": "') + 12
        harmed = whole[:place] + (b"7" if whole[place : place + 1] != b"7" else b"3") + whole[place + 1 :]
        path.write_bytes(harmed if harm == "flip" else whole[: len(whole) // 2])
    again = run_cells(make_run(), CELLS[:1])
    assert {shard.cells for shard in worked} == {(("noise", 2),)}
    assert scores(again) == scores(first)
    assert path.read_bytes() == whole


def test_a_damaged_part_is_noticed_and_scored_again(make_run, worked, monkeypatch):
    monkeypatch.setattr(running.CellStore, "save", lambda *_: None)
    monkeypatch.setattr(running.CellStore, "drop_parts", lambda _: None)
    first = run_cells(make_run(), CELLS[:1])
    parts = sorted((make_run().folder / "parts").iterdir())
    del worked[:]
    run_cells(make_run(), CELLS[:1])
    assert worked == []
    record = json.loads(parts[0].read_text())
    record["rows"][0]["scores"][0] += 0.25
    parts[0].write_text(json.dumps(record))
    assert scores(run_cells(make_run(), CELLS[:1])) == scores(first)
    assert [shard.first for shard in worked] == [0]


def test_a_kept_cell_reads_as_a_file_of_scores_and_says_what_was_drawn(make_run):
    found = {one.key: one for one in run_cells(make_run(), CELLS)}
    folder = make_run().folder
    table = read_scores(folder / "noise-2.csv")
    assert table.scores.tolist() == found["noise", 2].table.scores.tolist()
    about = json.loads((folder / "deeperforensics1.pixelation-4.json").read_text())
    assert about["parameter"] == "1/5 and back"
    lines = (folder / "deeperforensics1.mixed-1.meta.txt").read_text().splitlines()
    assert dict(line.split(" ", 1) for line in lines) == found["deeperforensics1:mixed", 1].recipes
    assert all(len(line.split()) == 3 for line in lines)


def test_videos_that_a_distortion_leaves_alone_are_named(make_run):
    found = {one.key: one for one in run_cells(make_run(), [("deeperforensics1:BW", 5), ("crop:wider", 1)])}
    assert len(found["deeperforensics1:grey-blocks", 5].unchanged) == len(make_run().samples)
    assert found["crop:wider", 1].unchanged == ()
    assert scores(found.values())["deeperforensics1:grey-blocks", 5] == scores(found.values())[CLEAN_KEY]


class Looking:
    """Takes the place of a detector and keeps the crops it is shown."""

    def __init__(self, spec):
        self.spec, self.seen = spec, []

    def probabilities(self, crops):
        self.seen.append(crops.astype(float))
        return np.full(len(crops), 0.5)


def test_the_face_is_cut_from_the_smaller_frame_where_it_is(make_run):
    looking = Looking(make_run().detector.spec)
    run_cells(make_run(detector=looking, folder=None, lead=0), [("resize:area", 2), ("crop:wider", 3)])
    clean, smaller, wider = looking.seen[:3]
    near, far = (np.abs(other - clean).mean() for other in (smaller, wider))
    assert near < 6 < far


def test_a_sample_that_cannot_be_read_counts_as_undecided(make_run, tiny_corpus, tmp_path):
    run = make_run(folder=None)
    broken = replace(run.samples[0], path="media/absent.mp4")
    found = run_cells(replace(run, samples=(broken, *run.samples[1:])), CELLS[:1])
    for one in found:
        assert one.table.scores[0] == 0.5
        assert not one.table.covered[0]
        assert one.table.covered[1:].all()


def test_progress_grows_to_the_end(make_run):
    seen = []
    run_cells(make_run(), CELLS[:1], lambda share, note: seen.append(share))
    assert seen == sorted(seen)
    assert seen[-1] == 1


def test_an_unknown_cell_is_refused_before_any_work(make_run, worked):
    with pytest.raises(InputError, match="nearest: blur"):
        run_cells(make_run(), [("blurr", 1)])
    assert worked == []


KILLED = """
import os, pickle, signal, sys
from pathlib import Path
from forensics.evaluation.robustness import cell_store, run_cells, running

running.CLIPS_OF_A_SHARD = 1
run, cells = pickle.loads(Path(sys.argv[1]).read_bytes())
saved, write = [], cell_store.write_whole

def write_and_die(path, writer):
    if len(saved) == 2:
        write(path, lambda part: (part.write_text("half of it"), os.kill(os.getpid(), signal.SIGKILL)))
    saved.append(path)
    write(path, writer)

cell_store.write_whole = write_and_die
run_cells(run, cells)
"""


def test_a_killed_run_loses_the_shard_it_was_writing_and_nothing_else(make_run, worked, monkeypatch, tmp_path):
    monkeypatch.setattr(running, "CLIPS_OF_A_SHARD", 1)
    plan = tmp_path / "plan.pickle"
    plan.write_bytes(pickle.dumps((make_run(), CELLS[:2])))
    ended = subprocess.run([sys.executable, "-c", KILLED, plan], timeout=300, check=False)
    assert ended.returncode == -signal.SIGKILL
    found = run_cells(make_run(), CELLS[:2])
    assert [shard.first for shard in worked] == list(range(2, len(make_run().samples)))
    assert scores(found) == scores(run_cells(make_run(folder=None), CELLS[:2]))


TWO_WORKERS = """
import pickle, sys
from pathlib import Path
from forensics.evaluation.robustness import run_cells, running

if __name__ == "__main__":
    running.CLIPS_OF_A_SHARD = 1
    run, cells = pickle.loads(Path(sys.argv[1]).read_bytes())
    run_cells(run, cells)
"""


def children_of(pid):
    """Every process below one, by Linux' own account."""
    below = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            below += [int(child), *children_of(child)]
    return below


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")
def test_two_killed_workers_leave_no_process_and_their_run_ends_with_the_numbers_of_one(make_run, tmp_path):
    cells = [*CELLS, *(("h265:crf", severity) for severity in range(1, 6))]
    run = make_run(worker_config=WorkerConfig(workers=2))
    plan, script = tmp_path / "plan.pickle", tmp_path / "two_workers.py"
    plan.write_bytes(pickle.dumps((run, cells)))
    script.write_text(TWO_WORKERS)
    process = subprocess.Popen([sys.executable, script, plan])
    end = time.monotonic() + 300
    while not list((run.folder / "parts").glob("[!.]*.json")) and time.monotonic() < end and process.poll() is None:
        time.sleep(0.02)
    workers = children_of(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = len(list((run.folder / "parts").glob("[!.]*.json")))
    assert 0 < kept < len(run.samples)
    assert len(workers) >= 2
    while any(map(is_running, workers)) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(map(is_running, workers))
    assert scores(run_cells(run, cells)) == scores(run_cells(make_run(folder=None), cells))
    assert not os.path.exists(run.folder / "parts")  # noqa: PTH110
