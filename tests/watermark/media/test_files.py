"""Files are written whole or not at all, and what a killed process left is told from what is being written."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from watermark import file_hash, hidden_folder, sweep, try_lock, whole_file
from watermark.media.files import UNFINISHED, first_file, flush

DIES = """
import os, signal, sys
from pathlib import Path
from watermark.media.files import first_file, hidden_folder, whole_file
with {opened} as made:
    print(made, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_within(opened: str) -> Path:
    """Kill a process inside a block and return what the block yielded."""
    done = subprocess.run(
        [sys.executable, "-c", DIES.format(opened=opened)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == -9, done.stderr
    return Path(done.stdout.strip())


@pytest.mark.parametrize("content", [b"", b"abc", bytes(3_000_000)])
def test_the_hash_of_a_file_is_that_of_its_content(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert file_hash(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_a_file_appears_when_it_is_whole_and_under_its_suffix_until_then(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    with whole_file(path) as part:
        assert (part.parent, part.suffix, part.name.startswith(UNFINISHED)) == (tmp_path, ".json", True)
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("fault", [ValueError("bad"), KeyboardInterrupt()])
def test_a_block_that_fails_leaves_what_was_there(tmp_path: Path, fault: BaseException) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(type(fault)), whole_file(path) as part:
        part.write_text("half")
        raise fault
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("a.json", "old")]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_file_has_the_permissions_of_any_new_file(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        with whole_file(tmp_path / "a") as part:
            part.write_text("new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~mask


def test_an_error_of_the_system_carries_the_final_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, whole_file(tmp_path / "absent" / "a"):
        pass
    assert caught.value.filename == str(tmp_path / "absent" / "a")
    with pytest.raises(OSError, match="No space left") as full, whole_file(tmp_path / "a"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert full.value.filename == str(tmp_path / "a")
    with pytest.raises(FileNotFoundError) as other, whole_file(tmp_path / "a"):
        (tmp_path / "source").read_text()
    assert other.value.filename == str(tmp_path / "source")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way_of_a_file_stays(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="irectory"), whole_file(tmp_path / "a") as part:
        part.write_text("new")
    assert [path.is_dir() for path in tmp_path.iterdir()] == [True]


@pytest.mark.parametrize("taken", [False, True])
def test_the_first_file_stays(tmp_path: Path, taken: bool) -> None:
    with first_file(tmp_path / "a") as made:
        made.write_text("second")
        if taken:
            (tmp_path / "a").write_text("first")
    assert (tmp_path / "a").read_text() == ("first" if taken else "second")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_first_file_that_fails_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="bad"), first_file(tmp_path / "a") as made:
        made.write_text("half")
        raise ValueError("bad")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="other systems have no locks that go with the process")
@pytest.mark.parametrize("opened", ["whole_file(Path({!r}) / 'a.txt')", "hidden_folder(Path({!r}))"])
def test_what_a_killed_process_left_is_swept_up(tmp_path: Path, opened: str) -> None:
    left = kill_within(opened.format(str(tmp_path)))
    assert left.exists() and left.parent == tmp_path
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="other systems have no locks that go with the process")
@pytest.mark.parametrize("opened", [lambda folder: whole_file(folder / "a"), hidden_folder])
def test_what_is_being_written_is_not_swept_up(tmp_path: Path, opened: Callable) -> None:
    with opened(tmp_path) as part:
        sweep(tmp_path)
        sweep(tmp_path.parent, deep=True)
        assert part.exists()


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such locks")
def test_a_lock_is_had_once_and_goes_with_the_open_file(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    with path.open() as first, path.open() as second:
        assert try_lock(first.fileno())
        assert not try_lock(second.fileno())
    with path.open() as third:
        assert try_lock(third.fileno())


def test_files_and_folders_are_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda handle: flushed.append(os.fstat(handle).st_ino))
    (tmp_path / "a").write_text("whole")
    flush(tmp_path / "a")
    flush(tmp_path)
    assert flushed == [(tmp_path / "a").stat().st_ino, tmp_path.stat().st_ino]
