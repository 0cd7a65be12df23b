"""Full disks, closed streams, a second process, Ctrl-C twice, a clock that jumped: one clear line, and nothing lost."""

from __future__ import annotations

import datetime as dt
import errno
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from forensics.cli.main import main
from forensics.corpus import Corpus
from forensics.execution.command_result import explain
from forensics.storage.files import locked, write_whole
from watermark import Deployment, IdentityError, encode_still, hidden_folder, sign_statement, sweep
from watermark.media.files import UNFINISHED

ROOT = Path(__file__).parents[3]
LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
from detectors import CheckpointError, create_detector
from detectors.training.checkpoint import Progress, save_progress
from forensics.execution.command_result import explain
from watermark import Claim, Deployment, Payload, PayloadKind, SealError, encode_still, mark, seal
import torch

out = Path(sys.argv[1])
deployment = Deployment.open(out / "home")
rng = np.random.default_rng(0)
payload = Payload.random(rng, PayloadKind.GENERATED)
picture = np.kron(rng.integers(0, 255, (32, 32, 3), dtype=np.uint8), np.ones((8, 8, 1), dtype=np.uint8))
marked = mark(picture, payload, deployment.mark_key)
model = create_detector("toy_resnet18").model
optimiser = torch.optim.SGD(model.parameters())
# A file that may not grow further fails as one on a full disk does.
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, most))
for suffix in (".png", ".jpg", ".webp", ".tif", ".avif"):
    try:
        encode_still(marked, out / f"a{suffix}", quality=100)
    except OSError as error:
        print(f"{suffix} {type(error).__name__}")
resource.setrlimit(resource.RLIMIT_FSIZE, (12000, most))
for suffix in (".jpg", ".png"):
    try:
        seal(marked, out / f"sealed{suffix}", Claim(payload, "t", "t", "0"), deployment)
    except SealError as error:
        print(error)
try:
    save_progress(out / "run", Progress.fresh("run"), model, optimiser)
except CheckpointError as error:
    print(error)
print(sorted(path.name for path in out.iterdir() if path.name.startswith((".", "sealed"))))
"""


def facetrail(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "forensics", *map(str, arguments)]
    return subprocess.run(command, text=True, check=False, timeout=120, cwd=ROOT, **options)  # type: ignore[call-overload]


def told(stderr: str) -> list[str]:
    """Return what was said, without how far the work is, which slow machines are told."""
    return [line for line in stderr.splitlines() if not re.match(r"\[ *\d+ %\] ", line)]


@pytest.mark.slow
def test_what_is_no_longer_written_is_named_with_its_cause_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    *said, left = done.stdout.splitlines()
    assert said[:5] == [f"{suffix} OSError" for suffix in (".png", ".jpg", ".webp", ".tif", ".avif")]
    assert f"{tmp_path / 'sealed.jpg'}: cannot be written (File too large); free space" in said[5]
    assert f"{tmp_path / 'sealed.png'}: cannot be written (File too large); free space" in said[6]
    assert f"{tmp_path / 'run'}: the epoch cannot be kept" in said[7]
    assert left == "[]"


def test_a_full_disk_is_told_under_the_name_of_the_file_and_not_of_its_unfinished_twin(tmp_path: Path) -> None:
    def full(part: Path) -> None:
        part.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left") as caught:
        write_whole(tmp_path / "manifest.jsonl", full)
    assert explain(caught.value) == (
        f"{tmp_path / 'manifest.jsonl'}: No space left on device; free some space or write to another disk"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_answer_that_nobody_can_take_is_one_line(tmp_path: Path, avatar_still: np.ndarray) -> None:
    encode_still(avatar_still[:96, :96], tmp_path / "a.png")
    Deployment.open(tmp_path / "home")
    with Path("/dev/full").open("w") as full:
        done = facetrail("read", tmp_path / "a.png", "--home", tmp_path / "home", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert told(done.stderr) == [
        "facetrail: the answer cannot be written: No space left on device; free some space or write to another disk"
    ]
    closed = f"{sys.executable} -m forensics read {tmp_path / 'a.png'} --home {tmp_path / 'home'} >&- 2>&-"
    assert subprocess.run(closed, shell=True, check=False, cwd=ROOT).returncode == 0  # noqa: S602 - our own command


def test_leftovers_of_the_dead_are_swept_up_and_those_of_the_living_stay(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    dead, folder = tmp_path / "deep" / f"{UNFINISHED}dead.png", tmp_path / f"{UNFINISHED}staging"
    dead.write_text("half")
    (folder / "frames").mkdir(parents=True)
    (tmp_path / "kept.png").write_text("whole")
    found: list[str] = []

    def look(part: Path) -> None:
        with hidden_folder(tmp_path) as alive:
            sweep(tmp_path)
            found.extend(path.name for path in tmp_path.iterdir())
            assert dead.exists()
            assert alive.is_dir()
        part.write_text("whole")

    write_whole(tmp_path / "new.png", look)
    assert len([name for name in found if name.startswith(UNFINISHED)]) == 2
    with locked(tmp_path):
        assert sorted(path.name for path in tmp_path.rglob("*")) == [".lock", "deep", "kept.png", "new.png"]


def test_unfinished_and_hidden_files_are_no_media_of_a_folder(
    tmp_path: Path, avatar_still: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.png", f"{UNFINISHED}b.png", f"{UNFINISHED}c/signed.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        encode_still(avatar_still[:96, :96], tmp_path / name)
    assert main(["read", str(tmp_path), "--home", str(tmp_path / "home")]) == 0
    named = [line for line in capsys.readouterr().out.splitlines() if line.startswith("/")]
    assert named == [str(tmp_path / "a.png")]


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_two_processes_do_not_write_one_folder(
    tmp_path: Path, tiny_corpus: Corpus, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    from forensics.training.run_settings import TrainingRun, with_options
    from forensics.training.train import unfinished

    out = tmp_path / "out"
    if command == "train":
        run = with_options(TrainingRun(), detector="toy_resnet18", training_source=None, epochs=1, seed=0)
        with unfinished(out, tiny_corpus, run):
            options = ["--detector", "toy_resnet18", "--epochs", "1", "--seed", "0", "-o", str(out)]
            code = main(["train", "detector", str(tiny_corpus.root), *options])
    else:
        with locked(out):
            code = main(["evaluate", str(tiny_corpus.root), "-o", str(out)])
    (said,) = told(capsys.readouterr().err)
    assert code == 1
    assert "is being written by another process; wait until it ends" in said


@pytest.mark.slow
def test_a_training_that_stops_goes_on_from_its_last_epoch(
    tmp_path: Path, tiny_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    from detectors.training import train as training

    arguments = ["train", "detector", str(tiny_corpus.root), "--detector", "toy_resnet18", "--epochs", "3"]
    assert main([*arguments, "-o", str(tmp_path / "calm")]) == 0
    epoch, begun = training._Run._epoch, list[int]()

    def stopping(self: training._Run, number: int) -> float:
        begun.append(number)
        if len(begun) == 3:
            raise KeyboardInterrupt
        return epoch(self, number)

    monkeypatch.setattr(training._Run, "_epoch", stopping)
    assert main([*arguments, "-o", str(tmp_path / "stopped")]) == 130
    assert main([*arguments, "-o", str(tmp_path / "stopped")]) == 0
    assert begun == [0, 1, 2, 2]
    (calm,), (stopped,) = (list((tmp_path / name).glob("*.safetensors")) for name in ("calm", "stopped"))
    assert calm.read_bytes() == stopped.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["calm", "stopped"]


@pytest.mark.slow
def test_ctrl_c_twice_is_one_word(tmp_path: Path, avatar_still: np.ndarray) -> None:
    for number in range(400):
        (tmp_path / f"{number:03}.png").symlink_to(tmp_path / "000.png") if number else encode_still(
            avatar_still, tmp_path / "000.png"
        )
    Deployment.open(tmp_path / "home")
    command = [sys.executable, "-m", "forensics", "read", str(tmp_path), "--home", str(tmp_path / "home")]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # the tests may run deaf to it
    ) as running:
        assert running.stderr is not None
        try:
            first = running.stderr.readline()  # told after some seconds of work
            for _ in range(2):
                os.killpg(running.pid, signal.SIGINT)
            for _ in range(6):  # Python drops an interrupt that comes while it clears up objects: press again
                with suppress(subprocess.TimeoutExpired):
                    running.wait(10)
                    break
                os.killpg(running.pid, signal.SIGINT)
            said = running.stderr.read()
        finally:
            running.kill()
    assert "reading" in first
    assert told(said) == ["stopped"]
    assert running.returncode in (130, -signal.SIGINT)


def test_a_clock_that_jumped_back_is_named_before_anything_is_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    with monkeypatch.context() as patch:
        patch.setattr("watermark.identity.certificates._CLOCK_SKEW", -dt.timedelta(days=2))
        identity = Deployment.open(home).identity
    with pytest.raises(IdentityError, match=r"is valid from .* on, and the clock says .*; set the clock"):
        sign_statement(b"content", identity)
