"""One warm process opens strangers' files; what it dies of costs one file."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from forensics.errors import ForensicsError, InputError, LimitError
from forensics.execution.progress import silent
from forensics.execution.sandbox import Limits, confined

from .workers import misbehaving, never_starting, unready

QUICK = Limits(seconds=1.5, mebibytes=512)


def test_one_process_answers_for_many_files_and_tells_how_far_it_is() -> None:
    told: list[tuple[float, str]] = []
    with confined(misbehaving, QUICK) as handler:
        pids = {handler(Path(f"{name}.png"), lambda *said: told.append(said)).text for name in "abc"}
    assert len(pids) == 1
    assert pids != {str(os.getpid())}
    assert told == [(0.5, "halfway")] * 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hang", r"hang\.png: takes longer than 1\.5 seconds; .* allow more with --seconds"),
        ("spin", r"spin\.png: takes longer than 1\.5 seconds"),
        ("crash", r"crash\.png: ended the process that opened it \(SIGSEGV\); get a sound copy"),
        ("fill", r"fill\.png: takes more than 512 MiB of memory; .* allow more with --memory"),
        ("nibble", r"nibble\.png: takes more than 512 MiB of memory"),
    ],
)
def test_a_file_that_takes_too_much_is_named_and_the_next_one_answered_for(name: str, said: str) -> None:
    with confined(misbehaving, QUICK) as handler:
        before = handler(Path("before.png"), silent).text
        with pytest.raises(LimitError, match=said) as caught:
            handler(Path(f"{name}.png"), silent)
        assert "\n" not in str(caught.value)
        assert caught.value.path == Path(f"{name}.png")
        assert handler(Path("after.png"), silent).text not in ("", before)


def test_an_answer_that_nobody_waits_for_any_more_is_not_taken_for_the_next_file() -> None:
    class LeftError(Exception):
        pass

    def leave(fraction: float, note: str) -> None:
        raise LeftError

    with confined(misbehaving, QUICK) as handler:
        before = handler(Path("before.png"), silent).text
        with pytest.raises(LeftError):
            handler(Path("left.png"), leave)
        assert handler(Path("after.png"), silent).text not in ("", before)


def test_a_refusal_and_a_defect_are_answers_and_leave_the_process_alive() -> None:
    with confined(misbehaving, QUICK) as handler:
        before = handler(Path("before.png"), silent).text
        refused, failed = (handler(Path(f"{name}.png"), silent) for name in ("refuse", "defect"))
        assert handler(Path("after.png"), silent).text == before
    assert refused.failed
    assert refused.results[0]["error"]["type"] == "InputError"  # type: ignore[index,call-overload]
    assert refused.complaint == "refuse.png: is refused"
    assert failed.complaint == (
        "unexpected ZeroDivisionError: defect.png: division by zero; run again with -v to see where"
    )


def test_what_the_process_logs_and_why_it_was_ended_is_logged_here(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    told: list[tuple[float, str]] = []
    with confined(misbehaving, QUICK) as handler:
        assert handler(Path("log.png"), lambda *said: told.append(said)).text != str(os.getpid())
        with pytest.raises(LimitError):
            handler(Path("crash.png"), silent)
    assert told == [(0.5, "halfway")]
    said = [(one.levelname, one.name, one.getMessage()) for one in caplog.records]
    assert ("INFO", "forensics.deeds", "opened log.png") in said
    assert any(name == "py.warnings" and "a library's warning" in line for _, name, line in said)
    assert not any("a detail" in line for *_, line in said)
    own = [line for _, name, line in said if name == "forensics.execution.sandbox"]
    assert re.fullmatch(r"started process \d+, which opens files within 1\.5 seconds and 512 MiB each", own[0])
    assert own[1].startswith("ended the process that opens files: crash.png: ended the process that opened it")


def test_the_first_process_of_a_program_is_deaf_to_ctrl_c_from_its_start(tmp_path: Path) -> None:
    answers = """
        import os, re, signal
        before = handler(Path("before.png"), silent).text
        status = Path(f"/proc/{before}/status").read_text()
        print(int(re.search(r"SigBlk:\\s*(\\w+)", status)[1], 16) >> (signal.SIGINT - 1) & 1)
        os.kill(int(before), signal.SIGINT)
        print(handler(Path("after.png"), silent).text == before)
    """
    program = _program(tmp_path, answers)
    said = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True, timeout=120)
    assert said.stdout.split() == ["1", "True"]


def test_what_cannot_be_made_ready_is_raised_before_any_file() -> None:
    with pytest.raises(InputError, match="the detector is missing"), confined(unready, QUICK):
        pass
    with pytest.raises(ForensicsError, match=r"did not start \(exit code 7\)"), confined(never_starting, QUICK):
        pass


def test_the_process_ends_with_the_one_that_started_it_even_a_killed_one(tmp_path: Path) -> None:
    note = tmp_path / "orphan.png"
    starter = subprocess.Popen([sys.executable, str(_program(tmp_path, f"handler(Path({str(note)!r}), silent)"))])
    try:
        pid = int(_until(lambda: note.exists() and note.read_text()))
    finally:
        starter.kill()
        starter.wait()
    assert _until(lambda: not _runs(pid))


def _program(folder: Path, answers: str) -> Path:
    """Write a program of its own that has a misbehaving process answer."""
    begin = f"""
        import sys
        from pathlib import Path
        sys.path[:0] = [{str(Path(__file__).parents[3])!r}, {str(Path(__file__).parent)!r}]
        from forensics.execution.sandbox import Limits, confined
        from forensics.execution.progress import silent
        from workers import misbehaving
        if __name__ == "__main__":
            with confined(misbehaving, Limits(60, 512)) as handler:
    """
    program = folder / "main.py"
    program.write_text(textwrap.dedent(begin) + textwrap.indent(textwrap.dedent(answers), " " * 8))
    return program


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _until(asked) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if found := asked():
            return found
    raise AssertionError("waited for a minute")
