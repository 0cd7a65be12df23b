"""Files of open pages: private, found by token only, gone when the page is closed."""

import os
import stat
import subprocess
import sys

import pytest

from forensics.web.app.sessions import SessionClosedError, Sessions


def test_the_folder_is_for_its_owner_only(sessions):
    for folder in (sessions.folder, sessions.uploads, sessions.of("a").folder, sessions.of("a").new_folder()):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_offered_file_is_found_by_its_token_only(sessions):
    session = sessions.of("a")
    path = session.new_folder() / "result.png"
    path.write_bytes(b"x")
    token = session.offer(path, "named.png")
    assert sessions.find(token).path == path
    assert sessions.find(token).name == "named.png"
    assert sessions.find(str(path)) is None
    assert sessions.find("") is None


def test_a_closed_page_leaves_nothing_and_ends_its_work(sessions, upload):
    session = sessions.of("a")
    sent = sessions.received("a", upload("picture.png", b"picture"))
    token = session.offer(session.new_folder() / "result.png")
    report = session.watched(lambda fraction, note: None)
    sessions.leave("a")
    assert not sent.exists()
    assert not session.folder.exists()
    assert sessions.find(token) is None
    with pytest.raises(SessionClosedError):
        report(0.5, "working")
    with pytest.raises(SessionClosedError):
        session.new_folder()
    assert list(sessions.uploads.iterdir()) == []


def test_an_upload_that_two_pages_sent_goes_with_the_second(sessions, upload):
    path = upload("picture.png", b"picture")
    sent = sessions.received("a", path)
    sessions.received("b", path)
    sessions.leave("a")
    assert sent.exists()
    sessions.leave("b")
    assert not sent.exists()


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd", ".", ""])
def test_only_an_upload_is_taken_for_one(sessions, path):
    with pytest.raises(SessionClosedError, match="upload is gone"):
        sessions.received("a", path)


def test_a_link_out_of_the_uploads_is_not_followed(sessions, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (sessions.uploads / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(SessionClosedError):
        sessions.received("a", str(sessions.uploads / "link"))


def test_the_name_a_browser_gives_itself_never_becomes_a_path(sessions):
    session = sessions.of("../../../escape")
    assert session.folder.parent == sessions.folder


def test_what_a_killed_page_left_is_deleted_at_the_next_start(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    left = tmp_path / f"facetrail-app-{ended.pid}-abc"
    running = tmp_path / f"facetrail-app-{os.getpid()}-abc"
    strange = tmp_path / "facetrail-app-notes-abc"
    for folder in (left, running, strange):
        folder.mkdir()
    Sessions(tmp_path).close()
    assert not left.exists()
    assert running.exists()
    assert strange.exists()
