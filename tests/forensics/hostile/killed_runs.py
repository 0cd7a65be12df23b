"""Run commands repeatedly and kill them at random moments until they end; print what they wrote as JSON.

    python killed_runs.py WORK CORPUS SEED JOB=KILLS…

Every run is forked from this process, which has imported everything and computed nothing, so that a start takes
milliseconds. A digest covers everything that the command guarantees to be equal: every byte, except signatures (sealed
files count by their decoded frames) and times of day.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import torch

from detectors import DetectorCard, create_detector, save_detector
from forensics import cli
from forensics.synthesis.synthesize import synthesize
from generator import AnimateConfig, DriveSequence, FaceParams, load_animator, read_sizes
from generator.avatars import render, sample_avatar
from tests.forensics import conftest as stand_ins
from watermark import Deployment, encode_still, open_clip, read_media

RECIPE = replace(stand_ins.TINY, clips=0, frames=2, control=())
MEDIA = (".mp4", ".png", ".jpg", ".webp")
LOADED_LATE = (
    "forensics.cli.commands.corpus",
    "forensics.cli.commands.evaluate",
    "forensics.cli.commands.train",
    "forensics.corpus.media",
    "forensics.evaluation.robustness",
    "forensics.evaluation.run.corpus_evaluation",
    "forensics.faces.crops",
    "forensics.reporting.json_entries",
    "forensics.training.train",
    "scipy.special",
    "sklearn.covariance",
)
"""What the commands import only when they need it."""


@dataclass(frozen=True)
class Job:
    """A command at toy size.

    Attributes:
        run: Function that does the work, from one folder into another.
        prepare: Function that builds its input in the first folder, which already contains a corpus.
        changing: Fields of JSON that contain times of day or digests of signed files.
    """

    run: Callable[[Path, Path], None]
    changing: tuple[str, ...] = ()
    prepare: Callable[[Path], None] = lambda work: None


def home(work: Path) -> Deployment:
    return Deployment.open(work / "home")


def make_detector(work: Path) -> None:
    card = DetectorCard("toys", "0" * 64, "by identity", "Apache-2.0")
    save_detector(create_detector("toy_resnet18", seed=0), work / "toy", card)


def make_pictures(work: Path) -> None:
    rng = np.random.default_rng(7)
    for number in range(60):
        path = work / "set" / ("real", "fake")[number % 2] / f"p{number // 2}_{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        encode_still(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8), path)


def run_synthesis(work: Path, out: Path) -> None:
    deployment = home(work)
    synthesize(out / "corpus", RECIPE, stand_ins.StandInForger(deployment), deployment)


def command(*arguments: object) -> None:
    if cli.main([str(argument) for argument in arguments]):
        raise SystemExit(f"{arguments} failed")


def run_import(work: Path, out: Path) -> None:
    if not (out / "manifest.jsonl").exists():
        command("corpus", "import", work / "set", "-o", out)


def run_crop(work: Path, out: Path) -> None:
    if not (out / "corpus").exists():
        shutil.copytree(work / "corpus", out / "copy", dirs_exist_ok=True)
        (out / "copy").rename(out / "corpus")
    command("corpus", "crop", out / "corpus", "--detector", "toy_resnet18", "--workers", 1)


def run_training(work: Path, out: Path) -> None:
    command("train", "detector", work / "corpus", "--detector", "toy_resnet18", "--epochs", 4, "-o", out / "trained")


def run_evaluation(work: Path, out: Path) -> None:
    options = ("--suite", "noise", "--workers", 1, "--per-clip", 2, "-o", out / "results")
    command("evaluate", work / "corpus", "--detector", work / "toy", *options)


def run_animation(work: Path, out: Path) -> None:
    avatar, face = sample_avatar(2, "cartoon"), FaceParams.neutral(face_model=read_sizes().face_model)
    still, frames = render(avatar, avatar.params(), 256).picture, 10
    turning = np.outer(np.sin(np.arange(frames)), [0.2, 0.1, 0.0]).astype(np.float32)
    rest = np.repeat(face.expression[None], frames, 0), np.zeros((frames, 2), np.float32)
    motion = DriveSequence(
        face.shape, rest[0], turning, rest[1], np.repeat(face.camera[None], frames, 0), 12.5, face.face_model
    )
    config = AnimateConfig(steps=2, seed=3)
    load_animator().animate_to(out / "a.mp4", still, face, motion, home(work), config=config)


JOBS = {
    "synthesize": Job(run_synthesis, ("sha256",)),
    "import": Job(run_import, prepare=make_pictures),
    "crop": Job(run_crop),
    "train": Job(run_training, ("seconds",)),
    "evaluate": Job(run_evaluation, ("time", "created", "command"), make_detector),
    "animate": Job(run_animation),
}


def forked(do: Callable[[], None]) -> int:
    """Start a function in a separate process, and return its id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        do()
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)


def to_the_end(do: Callable[[], None]) -> float:
    started, pid = time.monotonic(), forked(do)
    _, status = os.waitpid(pid, 0)
    if status:
        raise SystemExit(f"a run that nobody killed ended with {status}")
    return time.monotonic() - started


def killed(do: Callable[[], None], after: float) -> bool:
    """Kill a process after some seconds; return whether it still ran."""
    pid, until = forked(do), time.monotonic() + after
    while time.monotonic() < until:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            if status:
                raise SystemExit(f"a run that nobody killed ended with {status}")
            return False
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def digest(out: Path, changing: tuple[str, ...]) -> dict[str, str]:
    """Compute the digest of every file, by its path."""
    found = {}
    for path in sorted(path for path in out.rglob("*") if path.is_file() and path.name != ".lock"):
        name = path.relative_to(out).as_posix()
        if path.suffix in MEDIA:
            content = frames_of(path)
        elif path.suffix in (".json", ".jsonl"):
            text = path.read_text("utf-8").replace(str(out), "OUT")
            documents = text.splitlines() if path.suffix == ".jsonl" else [text]
            content = json.dumps([without(json.loads(one), changing) for one in documents], sort_keys=True).encode()
        else:
            content = path.read_bytes()
        found[name] = hashlib.sha256(content).hexdigest()
    return found


def frames_of(path: Path) -> bytes:
    media = read_media(path)
    return media.frames.tobytes() if media.fps is None else np.stack(list(open_clip(path).frames())).tobytes()


def without(value: object, names: tuple[str, ...]) -> object:
    if isinstance(value, dict):
        return {key: without(inner, names) for key, inner in value.items() if key not in names}
    return [without(inner, names) for inner in value] if isinstance(value, list) else value


def disturb(job: Job, work: Path, kills: int, rng: random.Random) -> dict[str, object]:
    """Run a job undisturbed, and then with kills in as many folders as needed; compare the folders' content."""
    to_the_end(lambda: job.prepare(work))
    calm = work / "calm"
    calm.mkdir()
    seconds = to_the_end(lambda: job.run(work, calm))
    expected = digest(calm, job.changing)
    done, rounds, differing = 0, 0, set[str]()
    while done < kills:
        out = work / f"killed-{rounds}"
        out.mkdir()
        rounds += 1

        def run(out: Path = out) -> None:
            job.run(work, out)

        while done < kills and killed(run, rng.uniform(0, seconds)):
            done += 1
        to_the_end(run)
        found = digest(out, job.changing)
        differing |= {path for path in found.keys() | expected.keys() if found.get(path) != expected.get(path)}
    return {"kills": done, "rounds": rounds, "seconds": seconds, "files": len(expected), "differing": sorted(differing)}


def main() -> None:
    work, corpus, rng = Path(sys.argv[1]), Path(sys.argv[2]), random.Random(int(sys.argv[3]))  # noqa: S311 - no secret
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    for name in LOADED_LATE:
        import_module(name)
    warm = sample_avatar(0, "flat")
    render(warm, warm.params(), 64)  # compiles
    said = {}
    for name, kills in (asked.split("=") for asked in sys.argv[4:]):
        place = work / name
        place.mkdir()
        (place / "corpus").symlink_to(corpus)
        said[name] = disturb(JOBS[name], place, int(kills), rng)
    (work / "said.json").write_text(json.dumps(said))


if __name__ == "__main__":
    main()
