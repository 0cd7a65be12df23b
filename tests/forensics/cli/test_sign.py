"""`facetrail sign`: files, folders, receipts, sidecars, and what is asked before a name stands under a statement."""

from __future__ import annotations

import csv
import io
import json
import shutil

import pytest
import skimage.data
from PIL import Image

from forensics.cli import kind_option
from forensics.cli.main import main
from watermark import Deployment, file_hash


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return str(Deployment.open(tmp_path_factory.mktemp("home") / "home").folder)


@pytest.fixture
def photos(tmp_path):
    """Two photos and a note in a folder, one of the photos below it."""
    folder = tmp_path / "photos"
    (folder / "trip").mkdir(parents=True)
    for name in ("a.jpg", "trip/b.png"):
        Image.fromarray(skimage.data.astronaut()[:64, :64]).save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    return folder


def answer(capsys, *arguments, code=0):
    assert main([*map(str, arguments), "--json"]) == code
    return json.loads(capsys.readouterr().out)["results"]


def test_a_folder_is_signed_with_a_receipt_and_not_twice(photos, home, tmp_path, capsys):
    out, receipt = tmp_path / "out", tmp_path / "receipt.csv"
    sign = ("sign", photos, "-o", out, "--kind", "captured", "--receipt", receipt, "--home", home)
    first = answer(capsys, *sign)
    assert [one["path"] for one in first] == [str(out / "a.jpg"), str(out / "trip" / "b.png")]
    assert all(one["credential"]["state"] == "trusted" and one["kind"] == "captured" for one in first)
    with receipt.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["sha256"] for row in rows] == [file_hash(out / "a.jpg"), file_hash(out / "trip" / "b.png")]
    assert [row["source_sha256"] for row in rows] == [
        file_hash(photos / "a.jpg"),
        file_hash(photos / "trip" / "b.png"),
    ]
    text = receipt.read_text()
    assert all(one["earlier"] for one in answer(capsys, *sign))
    assert receipt.read_text() == text


def test_what_was_cut_off_or_changed_is_done_again(photos, home, tmp_path, capsys):
    out, receipt = tmp_path / "out", tmp_path / "receipt.csv"
    sign = ("sign", photos, "-o", out, "--kind", "captured", "--receipt", receipt, "--home", home)
    answer(capsys, *sign)
    lines = receipt.read_text().splitlines(keepends=True)
    receipt.write_text("".join(lines[:-1]) + lines[-1][:40])  # the process ended within a line
    (out / "trip" / "b.png").unlink()
    again = answer(capsys, *sign)
    assert {one["path"]: one["earlier"] for one in again} == {str(out / "a.jpg"): True, str(out / "trip/b.png"): False}
    with receipt.open() as file:
        assert len(list(csv.DictReader(file))) == 2
    Image.fromarray(skimage.data.coffee()[:64, :64]).save(photos / "a.jpg")
    (refused,) = answer(capsys, *sign, code=1)  # the photo was exchanged, its earlier copy is there
    assert "is there already" in refused["error"]["message"]
    forced = answer(capsys, *sign, "--force")
    assert [one["earlier"] for one in forced] == [False, True]


def test_a_file_of_another_kind_is_no_receipt_and_stays(photos, home, tmp_path, capsys):
    receipt = tmp_path / "table.csv"
    receipt.write_text("a,b\n1,2\n")
    sign = ("sign", photos, "-o", tmp_path / "out", "--kind", "captured", "--receipt", receipt, "--home", home)
    (refused,) = answer(capsys, *sign, code=1)
    assert "is no receipt" in refused["error"]["message"]
    assert receipt.read_text() == "a,b\n1,2\n"
    assert not (tmp_path / "out").exists()


def test_one_file_gets_a_name_and_a_bad_one_stops_no_other(photos, home, tmp_path, capsys):
    sign = ("--kind", "edited", "--home", home)
    (one,) = answer(capsys, "sign", photos / "a.jpg", "-o", tmp_path / "signed.jpg", *sign)
    assert one["path"] == str(tmp_path / "signed.jpg")
    (photos / "bad.jpg").write_text("no picture")
    mixed = answer(capsys, "sign", photos / "bad.jpg", photos / "a.jpg", "-o", tmp_path / "out", *sign, code=1)
    assert ["error" in one for one in mixed] == [True, False]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.jpg"]


def test_two_files_for_one_place_are_refused_before_any_is_signed(photos, home, tmp_path, capsys):
    shutil.copyfile(photos / "a.jpg", photos / "trip" / "a.jpg")
    sign = ("sign", photos / "a.jpg", photos / "trip" / "a.jpg", "-o", tmp_path / "out", "--kind", "captured")
    assert main([*map(str, sign), "--home", home]) == 2
    assert "2 files would be written there" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main(["sign", str(photos), "--kind", "captured", "--home", home]) == 2
    assert "say with -o" in capsys.readouterr().err


def test_sidecars_lie_beside_files_that_stay_as_they_are_and_are_read_with_them(photos, home, capsys):
    before = {path: file_hash(path) for path in photos.rglob("*.*") if path.is_file()}
    signed = answer(capsys, "sign", photos, "--sidecar", "--kind", "captured", "--home", home)
    assert [one["path"] for one in signed] == [str(photos / "a.c2pa"), str(photos / "trip" / "b.c2pa")]
    assert {path: file_hash(path) for path in before} == before
    again = answer(capsys, "sign", photos, "--sidecar", "--force", "--kind", "captured", "--home", home)
    assert [one["path"] for one in again] == [one["path"] for one in signed]
    (read,) = answer(capsys, "read", photos / "a.jpg", "--sidecar", photos / "a.c2pa", "--home", home)
    assert (read["credential"]["state"], read["outcome"]) == ("trusted", "trusted")
    (read,) = answer(capsys, "read", photos / "trip/b.png", "--sidecar", photos / "a.c2pa", "--home", home, code=3)
    assert read["credential"]["state"] == "altered"
    both = ("read", photos / "a.jpg", photos / "trip/b.png", "--sidecar", photos / "a.c2pa", "--home", home)
    assert main([*map(str, both)]) == 2


def test_nothing_is_stated_that_nobody_chose(photos, home, tmp_path, capsys):
    for command in ("sign", "seal"):
        arguments = [command, str(photos / "a.jpg"), "-o", str(tmp_path / "x.jpg"), "--home", home]
        assert main(arguments) == 2
        assert "say with --kind where the file comes from" in capsys.readouterr().err
    assert not (tmp_path / "x.jpg").exists()


class _Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("typed", "code"), [("Edited\n", 0), ("yes\n", 2), ("", 2)])
def test_at_a_terminal_the_kind_is_asked_for(photos, home, tmp_path, monkeypatch, typed, code):
    shown = _Terminal()
    monkeypatch.setattr(kind_option.sys, "stdin", _Terminal(typed))
    monkeypatch.setattr(kind_option.sys, "stderr", shown)
    assert main(["sign", str(photos / "a.jpg"), "-o", str(tmp_path / "x.jpg"), "--home", home]) == code
    assert "Where does the file come from? Type one of: captured, edited, generated\n" in shown.getvalue()
    assert (tmp_path / "x.jpg").exists() is (code == 0)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"assertions": {}}', '{"assertions": [{"label": "a"}]}', '{"more": 1}']
)
def test_a_file_of_assertions_is_read_strictly(photos, home, tmp_path, capsys, content):
    (tmp_path / "own.json").write_text(content)
    sign = ("sign", photos / "a.jpg", "-o", tmp_path / "x.jpg", "--kind", "captured", "--home", home)
    (refused,) = answer(capsys, *sign, "--assertions", tmp_path / "own.json", code=1)
    assert "own.json" in refused["error"]["message"]
    own = {"assertions": [{"label": "org.example.author", "data": {"name": "Me"}}]}
    (tmp_path / "own.json").write_text(json.dumps(own))
    answer(capsys, *sign, "--assertions", tmp_path / "own.json")
    assert b"org.example.author" in (tmp_path / "x.jpg").read_bytes()


@pytest.mark.slow
def test_several_processes_sign_what_one_does(photos, home, tmp_path, capsys):
    sign = ("sign", photos, "-o", tmp_path / "out", "--kind", "captured", "--workers", "2", "--home", home)
    assert [one["path"] for one in answer(capsys, *sign)] == [
        str(tmp_path / "out" / "a.jpg"),
        str(tmp_path / "out" / "trip" / "b.png"),
    ]
