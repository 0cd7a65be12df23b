"""Files of open pages: private, found by token only, gone when the page is closed."""

import os
import stat
import subprocess
import sys

import pytest

from forensics.web.app.sessions import LeftError, Visits


def test_the_folder_is_for_its_owner_only(visits):
    for folder in (visits.folder, visits.uploads, visits.of("a").folder, visits.of("a").new_folder()):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_offered_file_is_found_by_its_token_only(visits):
    visit = visits.of("a")
    path = visit.new_folder() / "result.png"
    path.write_bytes(b"x")
    token = visit.offer(path, "named.png")
    assert visits.find(token).path == path
    assert visits.find(token).name == "named.png"
    assert visits.find(str(path)) is None
    assert visits.find("") is None


def test_a_closed_page_leaves_nothing_and_ends_its_work(visits, upload):
    visit = visits.of("a")
    sent = visits.received("a", upload("picture.png", b"picture"))
    token = visit.offer(visit.new_folder() / "result.png")
    report = visit.watched(lambda fraction, note: None)
    visits.leave("a")
    assert not sent.exists()
    assert not visit.folder.exists()
    assert visits.find(token) is None
    with pytest.raises(LeftError):
        report(0.5, "working")
    with pytest.raises(LeftError):
        visit.new_folder()
    assert list(visits.uploads.iterdir()) == []


def test_an_upload_that_two_pages_sent_goes_with_the_second(visits, upload):
    path = upload("picture.png", b"picture")
    sent = visits.received("a", path)
    visits.received("b", path)
    visits.leave("a")
    assert sent.exists()
    visits.leave("b")
    assert not sent.exists()


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd", ".", ""])
def test_only_an_upload_is_taken_for_one(visits, path):
    with pytest.raises(LeftError, match="upload is gone"):
        visits.received("a", path)


def test_a_link_out_of_the_uploads_is_not_followed(visits, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (visits.uploads / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(LeftError):
        visits.received("a", str(visits.uploads / "link"))


def test_the_name_a_browser_gives_itself_never_becomes_a_path(visits):
    visit = visits.of("../../../escape")
    assert visit.folder.parent == visits.folder


def test_what_a_killed_page_left_is_deleted_at_the_next_start(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    left = tmp_path / f"facetrail-app-{ended.pid}-abc"
    running = tmp_path / f"facetrail-app-{os.getpid()}-abc"
    strange = tmp_path / "facetrail-app-notes-abc"
    for folder in (left, running, strange):
        folder.mkdir()
    Visits(tmp_path).close()
    assert not left.exists()
    assert running.exists()
    assert strange.exists()
