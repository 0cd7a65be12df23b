"""Start a PostgreSQL server of the system's for a test or a benchmark, on this computer alone."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.service.load import free_port

_USERS = ("postgres", "nobody")
"""Users that the server runs as where this process is root's, because it refuses to run as root."""


def postgres_programs() -> Path | None:
    """Return the folder of the newest server that is installed, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).resolve().parent if named else None


@contextmanager
def postgres() -> Iterator[str]:
    """Start a server with an empty database, yield its address, and stop and remove it.

    Raises:
        FileNotFoundError: No server is installed.
    """
    programs = postgres_programs()
    if programs is None:
        raise FileNotFoundError("PostgreSQL is not installed (apt-get install postgresql)")
    user = _server_user()
    with tempfile.TemporaryDirectory(prefix="facetrail-pg-", dir=_reachable(user)) as name:
        folder, port = Path(name), free_port()
        if user is not None:
            os.chown(folder, user, -1)
        database = folder / "data"
        made = [str(programs / "initdb"), "-D", str(database), "-U", "facetrail", "-A", "trust", "--no-sync"]
        subprocess.run(made, check=True, capture_output=True, user=user, cwd=folder)
        command = [str(programs / "postgres"), "-D", str(database)]
        command += ["-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]
        silent = subprocess.DEVNULL
        server = subprocess.Popen(command, stdout=silent, stderr=silent, user=user, cwd=folder)
        try:
            _wait(programs, port, server)
            yield f"postgresql://facetrail@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # the fast way to stop: it ends the connections
            server.wait(60)


def _server_user() -> int | None:
    if os.geteuid() != 0:
        return None
    known = {one.pw_name: one.pw_uid for one in pwd.getpwall()}
    return next(known[name] for name in _USERS if name in known)


def _reachable(user: int | None) -> str:
    """Return a folder for temporary files that another user may enter; the usual one where nobody else has to."""
    usual = Path(tempfile.gettempdir())
    if user is None or all(folder.stat().st_mode & 0o001 for folder in (usual, *usual.parents)):
        return str(usual)
    return "/var/tmp"  # noqa: S108  # TemporaryDirectory makes a folder of its own there


def _wait(programs: Path, port: int, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers."""
    asked = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "60"]
    while subprocess.run(asked, check=False).returncode != 0:
        if server.poll() is not None:
            raise RuntimeError("the PostgreSQL server did not start")
