"""The core commands need no network, and private keys are in no output and no log."""

from __future__ import annotations

import base64
import logging
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from forensics.cli.main import main
from watermark import encode_still

ROOT = Path(__file__).parents[3]
CUT = """
import socket

def refused(*arguments, **options):
    raise AssertionError(f"the network was asked for: {arguments}")

socket.getaddrinfo = socket.create_connection = refused
socket.socket.connect = socket.socket.connect_ex = socket.socket.sendto = refused
"""
COMMANDS = """
import sys
from forensics.cli import main

picture, home, out, scores = sys.argv[1:]
codes = []
if __name__ == "__main__":
    for arguments in (
        ["identity", "new", "--home", home],
        ["seal", picture, "-o", f"{out}/sealed.png", "--kind", "generated", "--home", home],
        ["read", f"{out}/sealed.png", picture, "--home", home],
        ["examine", f"{out}/sealed.png", picture, "--home", home],
        ["evaluate", "--scores", scores, "-o", f"{out}/results"],
        ["report", f"{out}/results", "--home", home],
        ["doctor", "--home", home],
    ):
        codes.append(main(arguments))
    print("codes", codes)
"""


@pytest.mark.slow
def test_the_core_commands_work_with_the_network_cut(tmp_path: Path, avatar_still: np.ndarray) -> None:
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "sitecustomize.py").write_text(CUT)
    (tmp_path / "commands.py").write_text(COMMANDS)
    encode_still(avatar_still, tmp_path / "a.png")
    rows = "".join(f"v{number},p{number},{number % 2},{number / 40}\n" for number in range(40))
    (tmp_path / "scores.csv").write_text(f"video,identity,label,score\n{rows}")
    command = [sys.executable, "commands.py", "a.png", "home", ".", "scores.csv"]
    apart = ["unshare", "--map-root-user", "--net"]  # cuts off what is not Python too, where the system lets us
    if sys.platform == "linux" and subprocess.run([*apart, "true"], capture_output=True, check=False).returncode == 0:
        command = [*apart, *command]
    path = os.pathsep.join([str(tmp_path / "cut"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}
    )
    assert "the network was asked for" not in done.stdout + done.stderr
    assert re.findall(r"codes .*", done.stdout) == ["codes [0, 0, 0, 3, 0, 0, 0]"], done.stderr


def test_the_suite_itself_runs_with_the_network_cut() -> None:
    with socket.socket() as asked:
        for address in (("192.0.2.1", 80), ("host.example", 80)):
            for ask in (asked.connect, asked.connect_ex, socket.create_connection):
                with pytest.raises(pytest.fail.Exception, match="the network was asked for"):
                    ask(address)
    with pytest.raises(pytest.fail.Exception, match=r"the network was asked for: getaddrinfo 'host\.example'"):
        socket.getaddrinfo("host.example", 80)


@pytest.mark.slow
def test_no_key_is_in_any_output_or_log(
    tmp_path: Path, avatar_still: np.ndarray, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    home, picture = tmp_path / "home", tmp_path / "a.png"
    encode_still(avatar_still, picture)
    with_home = ["-v", "--home", str(home)]
    assert main(["identity", "new", *with_home]) == 0
    secrets = [path for path in home.rglob("*") if path.suffix in (".pem", ".key") and "key" in path.name]
    assert {path.name for path in secrets} == {"mark.key", "leaf_key.pem", "issuing_key.pem"}
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}
    forms = [form for path in secrets for form in _forms(path.read_bytes())]
    out = str(tmp_path / "b.png")
    for arguments in (
        ["seal", str(picture), "-o", out, "--kind", "generated"],
        ["read", out, "--json"],
        ["identity", "show", "--json"],
    ):
        assert main([*arguments, *with_home]) == 0
    for path in secrets:  # keys that others may read, and damaged ones, are refused by name
        path.chmod(0o644)
        assert main(["seal", str(picture), "-o", str(tmp_path / "d.png"), "--kind", "generated", *with_home]) == 1
        path.chmod(0o600)
        content = path.read_bytes()
        path.write_bytes(content[:-9] + b"x" * 9)
        main(["seal", str(picture), "-o", str(tmp_path / "c.png"), "--kind", "generated", *with_home])
        path.write_bytes(content)
    said = "".join(capfd.readouterr()) + caplog.text
    assert all(f"{path}: has mode 0644 and can be used by others" in said for path in secrets)
    assert ("watermark.identity.mark_keys", logging.DEBUG) in {(one.name, one.levelno) for one in caplog.records}
    assert [form for form in forms if form in said] == []


def _forms(secret: bytes) -> list[str]:
    """Return the ways in which a key could be written: as hexadecimal, base64, a list of bytes, or its own lines."""
    lines = [line for line in secret.decode("latin-1").splitlines() if len(line) > 20 and "-----" not in line]
    return [secret.hex(), base64.b64encode(secret).decode(), repr(secret)[2:-1], *lines]
