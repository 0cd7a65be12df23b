"""Fuzz the readers of untrusted files for a given time; store the inputs that crash them; write results/fuzz.csv.

    nice -n 15 .venv/bin/python -m fuzzing.fuzz --minutes 30

Each reader runs in a separate process, guided by the coverage of our code where atheris is installed, else by plain
mutation. An input that raises an error the reader may not raise, ends the process or takes longer than 20 seconds is
stored under OUT/READER. Inputs that crashed a reader in the past are in tests/fuzzing/crashes/READER; the `open` column
counts those that still crash it, so it has to be 0. Times and executions are added to those of earlier runs.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from benchmarks.results_csv import write_rows

GUIDED = find_spec("atheris") is not None
if GUIDED and "--child" in sys.argv:
    import atheris

    with atheris.instrument_imports(include=["watermark", "forensics"]):
        from fuzzing.fuzz_targets import TARGETS, Target
else:
    from fuzzing.fuzz_targets import TARGETS, Target

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "fuzz.csv"
KEPT = ROOT / "tests" / "fuzzing" / "crashes"
COLUMNS = ("reader", "engine", "seconds", "executions", "found", "open")
LONGEST = 20
MEMORY = 3 << 30
_INTERESTING = (0, 1, 2, 7, 8, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)

_WORDS = (b"[", b'{"a":', b"\x81", b"NaN", b"1e999", b"-", b"\0", b"\n", b'"', b"9" * 99)


def kept(reader: str) -> list[Path]:
    """List the inputs that crashed a reader in the past."""
    return sorted((KEPT / reader.replace(" ", "-")).glob("*"))


def crashes(target: Target, data: bytes) -> bool:
    """Return whether an input still crashes its reader."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            target.run(data, Path(folder))
        except Exception:
            return True
    return False


def mutated(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """Change some bytes, numbers or ranges of an input."""
    out = bytearray(data)
    for _ in range(1 << rng.randrange(5)):
        at = rng.randrange(len(out) + 1)
        match rng.randrange(7):
            case 0 if at < len(out):
                out[at] ^= 1 << rng.randrange(8)
            case 1:
                width = rng.choice((1, 2, 4, 8))
                number = rng.choice(_INTERESTING) % (1 << 8 * width)
                out[at : at + width] = number.to_bytes(width, rng.choice(("big", "little")))
            case 2:
                del out[at : at + rng.randrange(1, 64)]
            case 3:
                stretch = out[at : at + rng.randrange(1, 64)]
                out[at:at] = stretch * rng.choice((1, 2, 100))
            case 4:
                other = rng.choice(others)
                start = rng.randrange(len(other) + 1)
                out[at : at + 32] = other[start : start + rng.randrange(64)]
            case 5:
                out[at:at] = rng.choice(
                    (b"[", b'{"a":', b"\x81", b"NaN", b"1e999", b"-", b"\0", b"\n", b'"', b"9" * 99)
                )
            case _:
                out[at : at + 1] = bytes([rng.randrange(256)])
    return bytes(out)


def _child(name: str, seconds: float, out: Path, seed: int, note: str) -> None:
    """Run one reader on inputs until the time is over; the parent reads the note file."""
    target, folder = TARGETS[name], Path(tempfile.mkdtemp())
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    executions, until, current = 0, time.monotonic() + seconds, Path(note).with_suffix(".input")

    def once(data: bytes) -> None:
        nonlocal executions
        executions += 1
        current.write_bytes(data)
        if executions % 50 == 1 or time.monotonic() > until:
            Path(note).write_text(str(executions))
        if time.monotonic() > until:
            current.unlink()
            os._exit(0)
        signal.setitimer(signal.ITIMER_REAL, LONGEST)
        try:
            target.run(data, folder)
        except Exception as error:
            _store(out, data, error)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    _engine(target, seed)(once)


def _engine(target: Target, seed: int) -> Callable[[Callable[[bytes], None]], None]:
    seeds = target.seeds()

    def plain(once: Callable[[bytes], None]) -> None:
        rng, pool = random.Random(seed), list(seeds)  # noqa: S311 - no secret
        for data in seeds:
            once(data)
        while True:
            data = mutated(rng.choice(pool), rng, seeds)
            once(data)
            if rng.random() < 0.01 and len(data) < 200_000:  # continue from some of the changed inputs
                pool = [*seeds, *pool[len(seeds) :][-50:], data]

    def guided(once: Callable[[bytes], None]) -> None:
        corpus = Path(tempfile.mkdtemp())
        for number, data in enumerate(seeds):
            (corpus / str(number)).write_bytes(data)
        rng = random.Random(seed)  # noqa: S311 - no secret

        def mix(data: bytes, most: int, _: int) -> bytes:
            return mutated(data, rng, seeds)[:most] if rng.random() < 0.5 else atheris.Mutate(data, most)

        longest = max(4096, 2 * max(map(len, seeds)))
        arguments = ["fuzz", f"-seed={seed}", f"-max_len={longest}", "-rss_limit_mb=0", "-timeout=0", str(corpus)]
        atheris.Setup(arguments, once, custom_mutator=mix)
        atheris.Fuzz()

    return guided if GUIDED else plain


def _store(out: Path, data: bytes, error: Exception) -> None:
    """Store the shortest input for each place that raised an error."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if str(ROOT) in frame.filename]
    inner = next((frame for frame in reversed(frames) if "scripts" not in frame.filename), frames[-1])
    where = f"{type(error).__name__}-{Path(inner.filename).stem}-{inner.name}"
    path = out / where
    if path.exists() and path.stat().st_size <= len(data):
        return
    out.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.with_suffix(".why").write_text("".join(traceback.format_exception(error))[-3000:])


def fuzz(name: str, seconds: float, out: Path, seed: int) -> int:
    """Fuzz one reader, restart it where an input ended the process, and return the number of inputs."""
    executions, until = 0, time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / "note"
        while (left := until - time.monotonic()) > 1:
            command = [sys.executable, "-m", "fuzzing.fuzz", "--child", name, "--out", str(out), "--seed", str(seed)]
            with suppress(subprocess.TimeoutExpired):
                subprocess.run(
                    [*command, "--seconds", str(left), "--note", str(note)],
                    timeout=left + 120,
                    stderr=subprocess.DEVNULL,
                    check=False,
                )
            executions += int(note.read_text() or 0) if note.exists() else 0
            note.unlink(missing_ok=True)
            last = note.with_suffix(".input")
            if last.exists():
                data = last.read_bytes()
                last.unlink()
                out.mkdir(parents=True, exist_ok=True)
                (out / f"ended-{hashlib.sha256(data).hexdigest()[:12]}").write_bytes(data)
            seed += 1
    return executions


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--reader", nargs="*", choices=sorted(TARGETS), help="only these")
    parser.add_argument("--out", type=Path, default=Path("fuzz-out"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--note", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Fuzz every reader for its share of the time."""
    options = _options()
    if options.child:
        _child(options.child, options.seconds, options.out, options.seed, options.note)
        return
    readers = options.reader or list(TARGETS)
    before = {}
    if RESULTS.exists():
        with RESULTS.open(newline="", encoding="utf-8") as file:
            before = {row["reader"]: row for row in csv.DictReader(file)}
    share = 60 * options.minutes / len(readers)
    for name in readers:
        done = fuzz(name, share, options.out / name.replace(" ", "-"), options.seed)
        old = before.get(name, {})
        before[name] = {
            "reader": name,
            "engine": "atheris" if GUIDED else "mutation",
            "seconds": str(round(float(old.get("seconds", 0)) + share)),
            "executions": str(int(old.get("executions", 0)) + done),
        }
        print(f"{name}: {done} inputs", flush=True)
        for one in before:
            found = kept(one)
            still = sum(crashes(TARGETS[one], path.read_bytes()) for path in found)
            before[one] |= {"found": str(len(found)), "open": str(still)}
        rows = [[before[one][column] for column in COLUMNS] for one in TARGETS if one in before]
        write_rows(RESULTS, COLUMNS, rows)  # after each reader, so that an interrupted run counts too


if __name__ == "__main__":
    main()
