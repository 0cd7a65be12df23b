"""Records are one line each, whoever logs them, and share the terminal with the progress bar."""

from __future__ import annotations

import io
import logging
import pickle
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from forensics.execution.log import PACKAGES, hand_records_over, open_log, take_record
from forensics.execution.progress import open_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@contextmanager
def writing_to(stream: io.StringIO) -> Iterator[logging.Logger]:
    """Yield the root logger as a new process has it, with a stream as stderr; what a test configures is forgotten."""
    root, names = logging.getLogger(), ("", *PACKAGES)
    levels = [logging.getLogger(name).level for name in names]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        patch.setattr(logging, "captureWarnings", lambda _: None)
        patch.setattr(root, "handlers", [])
        yield root
    for name, level in zip(names, levels, strict=True):
        logging.getLogger(name).setLevel(level)


@pytest.mark.parametrize(
    ("verbosity", "ours", "theirs"),
    [
        (1, ["INFO", "WARNING", "ERROR"], ["INFO", "WARNING", "ERROR"]),
        (2, ["DEBUG", "INFO", "WARNING", "ERROR"], ["INFO", "WARNING", "ERROR"]),
        (3, ["DEBUG", "INFO", "WARNING", "ERROR"], ["INFO", "WARNING", "ERROR"]),
    ],
)
def test_each_v_shows_more_and_details_are_those_of_our_own_packages(
    verbosity: int, ours: list[str], theirs: list[str]
) -> None:
    stream = io.StringIO()
    with writing_to(stream):
        open_log(verbosity)
        for name in ("watermark.mark.read", "library"):
            for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
                logging.getLogger(name).log(level, "said")
    lines = stream.getvalue().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ ", line) for line in lines)
    assert [line.split(" ", 2)[2] for line in lines] == [
        *(f"{level} watermark.mark.read: said" for level in ours),
        *(f"{level} library: said" for level in theirs),
    ]


def test_without_v_errors_and_the_warnings_of_our_own_packages_are_short_lines() -> None:
    stream = io.StringIO()
    with writing_to(stream):
        open_log(0)
        for name in ("watermark.mark.read", "library"):
            for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
                logging.getLogger(name).log(level, "%s of %s", logging.getLevelName(level), name)
    assert stream.getvalue().splitlines() == [
        "facetrail: WARNING of watermark.mark.read",
        "facetrail: ERROR of watermark.mark.read",
        "facetrail: ERROR of library",
    ]


def test_a_file_s_name_writes_no_line_and_a_traceback_keeps_its_own() -> None:
    stream = io.StringIO()
    with writing_to(stream):
        open_log(1)
        logging.getLogger("forensics").info("opened %s", "a\n2026-01-01 INFO forged\x1b[2K.png")
        try:
            raise ValueError("broken")
        except ValueError:
            logging.getLogger("forensics").exception("failed")
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith(r" INFO forensics: opened a\n2026-01-01 INFO forged\x1b[2K.png")
    assert lines[1].endswith(" ERROR forensics: failed")
    assert lines[2] == "Traceback (most recent call last):"
    assert lines[-1] == "ValueError: broken"


def test_a_record_that_was_handed_over_is_logged_as_it_would_be_there() -> None:
    sent: list[bytes] = []
    with writing_to(io.StringIO()) as root:
        hand_records_over(
            {"": logging.INFO, "forensics": logging.DEBUG}, lambda record: sent.append(pickle.dumps(record))
        )
        assert len(root.handlers) == 1
        logging.getLogger("forensics.worker").debug("did %d of %s", 3, {"unpicklable": sent.append}.keys())
        logging.getLogger("library").debug("too small a detail")
        try:
            raise ValueError("broken")
        except ValueError:
            logging.getLogger("forensics.worker").exception("failed")
    stream = io.StringIO()
    with writing_to(stream):
        open_log(2)
        for record in sent:
            take_record(pickle.loads(record))  # noqa: S301 - written above
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith(" DEBUG forensics.worker: did 3 of dict_keys(['unpicklable'])")
    assert lines[1].endswith(" ERROR forensics.worker: failed")
    assert lines[-1] == "ValueError: broken"
    assert len(sent) == 2


def test_without_any_configuration_a_record_of_another_process_is_not_written() -> None:
    stream = io.StringIO()
    with writing_to(stream):
        take_record(logging.LogRecord("forensics", logging.ERROR, "", 0, "said", (), None))
    assert stream.getvalue() == ""


def test_a_record_stands_above_the_progress_bar_and_not_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    with writing_to(terminal):
        open_log(1)
        with open_progress(terminal) as report:
            report(0.5, "halfway there")
            until = time.monotonic() + 30
            while "halfway there" not in terminal.getvalue() and time.monotonic() < until:
                pass  # the bar is drawn by a thread, ten times a second
            logging.getLogger("forensics").info("opened a file")
            report(0.6, "farther on")
    assert "halfway there" in terminal.getvalue()
    before, _, after = terminal.getvalue().partition("INFO forensics: opened a file")
    erased = before.rpartition("halfway there")[2]
    assert "\x1b[2K" in erased  # the bar is gone from the line before the record is written to it
    assert after.lstrip(" ").startswith("\n")
    assert "farther on" in after
