"""`facetrail app` as a user starts it: what cannot work is one line, before anything slow."""

import argparse
import socket
import subprocess
import sys

import pytest

from forensics.cli.commands.app import _open_context, _size, configure
from forensics.cli.main import main
from forensics.web.app.sessions import Sessions


def test_other_computers_are_let_in_only_on_purpose(capsys, tmp_path):
    assert main(["app", "--host", "0.0.0.0", "--home", str(tmp_path / "home")]) == 2  # noqa: S104
    assert "add --allow-network if that is meant" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


def test_a_port_that_is_taken_is_said(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["app", "--port", str(port)]) == 1
    assert f"127.0.0.1:{port} cannot be listened at" in capsys.readouterr().err
    assert main(["app", "--port", "70000"]) == 2


@pytest.mark.slow
def test_a_missing_package_is_one_line_with_the_way_to_get_it(tmp_path):
    code = (
        "import sys; sys.modules['gradio'] = None\n"
        "from forensics.cli import main; sys.exit(main(['app', '--port', '8799', '--home', sys.argv[1]]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "home")], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "needs the package gradio; get it with `pip install 'facetrail[app]'`" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_help_needs_neither_torch_nor_the_pages_framework():
    code = (
        "import sys; from forensics.cli import main; main(['app', '--help'])\n"
        "sys.exit(bool({'torch', 'gradio', 'starlette'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("text", "size"), [("200MB", 200 * 10**6), ("1GiB", 1 << 30), ("512", 512), ("3 kb", 3000), ("1M", None)]
)
def test_sizes_are_read_as_people_write_them(text, size):
    if size is None:
        with pytest.raises(Exception, match="is no size; write it like 200MB"):
            _size(text)
    else:
        assert _size(text) == size


@pytest.mark.parametrize("text", ["0MB", "-1MB", "many", "1e9", "MB"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(Exception, match="is no size"):
        _size(text)


@pytest.mark.parametrize(
    ("arguments", "examining", "offered"),
    [([], None, {"cpu": "cpu"}), (["--detector", "photo", "cpu"], "photo", {"photo": "photo", "cpu": "cpu"})],
)
def test_the_examine_tab_chooses_by_the_picture_until_a_detector_is_named(arguments, examining, offered, tmp_path):
    parser = argparse.ArgumentParser()
    configure(parser)
    sessions = Sessions(tmp_path)
    try:
        context = _open_context(parser.parse_args([*arguments, "--home", str(tmp_path / "home")]), sessions)
    finally:
        sessions.close()
    assert (context.detector, context.detectors) == (examining, offered)
