"""Process many files: one that fails is reported and does not stop the others."""

from __future__ import annotations

import glob
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from forensics.errors import InputError
from forensics.execution.command_result import CommandResult, JsonObject, expected_errors, refusal, visible
from forensics.execution.progress import Report
from forensics.storage.media_suffixes import CREDENTIAL_SUFFIXES


def expand(names: Sequence[str], stdin: TextIO | None = None) -> tuple[Path, ...]:
    """Return the files of file names, folders and patterns, in the given order.

    A folder stands for the media files in it, at any depth, without hidden ones. A name that exists is used unchanged,
    whatever its suffix.

    Args:
        names: Files, folders or shell patterns.
        stdin: Stream from which `-` reads further names, one per line; None uses `-` as a name.

    Raises:
        InputError: A name is empty, a folder or a pattern has no media file, or the list is empty.
    """
    paths: list[Path] = []
    for name in _named(names, stdin):
        if not name:
            raise InputError("a file name is empty; name files, folders or patterns, or . for the folder you are in")
        path = Path(name)
        try:
            is_folder, is_there = path.is_dir(), path.exists()
        except OSError:  # a name that no file can have; the reader reports it, and continues with the others
            is_folder, is_there = False, True
        if is_folder:
            paths += _or_refuse(name, sorted(child for child in path.rglob("*") if _is_media(child, path)))
        elif not is_there and glob.has_magic(name):
            paths += _or_refuse(name, sorted(_match(path)))
        else:
            paths.append(path)
    return tuple(paths)


def answer_each(
    paths: Sequence[Path], one: Callable[[Path], CommandResult], doing: str, report: Report
) -> CommandResult:
    """Process every file and join the results; errors become separate entries.

    Args:
        paths: The files, in the order of the result.
        one: Function that processes one file.
        doing: Name of the work, for the progress line.
        report: Progress callback.
    """

    def answers() -> Iterator[CommandResult]:
        for number, path in enumerate(paths):
            report(number / len(paths), f"{doing} {visible(path.name)}")
            yield answer_one(path, one)

    return join_answers(answers())


def answer_one(path: Path, one: Callable[[Path], CommandResult]) -> CommandResult:
    """Process a file; an error becomes a separate entry."""
    try:
        return one(path)
    except expected_errors() as error:
        return refusal(error, path)


def join_answers(answers: Iterable[CommandResult]) -> CommandResult:
    """Join the results of many files, and print complaints at once."""
    blocks: list[str] = []
    results: list[JsonObject] = []
    failed = attention = False
    for answer in answers:
        if answer.complaint:
            sys.stderr.write(f"{answer.complaint}\n")
        if answer.text:
            blocks.append(answer.text)
        results += answer.results
        failed = failed or answer.failed
        attention = attention or answer.attention
    return CommandResult("\n\n".join(blocks), tuple(results), failed=failed, attention=attention)


def _named(names: Sequence[str], stdin: TextIO | None) -> Iterator[str]:
    for name in names:
        if name != "-" or stdin is None:
            yield name
            continue
        listed = [line.rstrip("\r") for line in stdin.read().split("\n") if line.strip()]
        if not listed:
            raise InputError("-: standard input names no file; write one name a line, such as `find . | facetrail …`")
        yield from listed


def _match(pattern: Path) -> Iterator[Path]:
    """Find the files that a shell would find; Windows shells and quoted patterns leave this to the program."""
    if pattern.is_absolute():
        return Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))
    return Path().glob(str(pattern))


def _is_media(path: Path, folder: Path) -> bool:
    """Return whether a file is media; hidden files and files in hidden folders are private or unfinished."""
    hidden = any(name.startswith(".") for name in path.relative_to(folder).parts)
    return not hidden and path.suffix.lower() in CREDENTIAL_SUFFIXES and path.is_file()


def _or_refuse(name: str, found: list[Path]) -> list[Path]:
    if not found:
        raise InputError(f"{name}: no {', '.join(CREDENTIAL_SUFFIXES)} file there", Path(name))
    return found
