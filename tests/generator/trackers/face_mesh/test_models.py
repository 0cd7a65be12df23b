from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from generator.errors import GeneratorError, ModelFilesError
from generator.trackers import face_mesh_folder, find_face_mesh, install_face_mesh
from generator.trackers.face_mesh import models

PATHS = [member.path for member in models._MEMBERS]


def made_wheel(folder, contents=b"not a network"):
    wheel = folder / "mediapipe-0.10.21-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in PATHS:
            archive.writestr(path, contents)
    return wheel


def small_members(monkeypatch, contents):
    """Replace the expected wheel members by those of the test's wheel."""
    digest = hashlib.sha256(contents).hexdigest()
    members = tuple(models._Member(m.path, m.name, 100, digest if m.sha256 else None) for m in models._MEMBERS)
    monkeypatch.setattr(models, "_MEMBERS", members)


def test_absent_networks_are_reported_with_the_command_that_gets_them(tmp_path):
    with pytest.raises(ModelFilesError, match="run: facetrail models get face-mesh") as caught:
        find_face_mesh(tmp_path / "nothing")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, GeneratorError)


def test_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("FACETRAIL_CACHE", str(tmp_path))
    assert face_mesh_folder() == tmp_path / "models" / "face-mesh"


def test_wheel_with_other_networks_is_refused_and_leaves_nothing(tmp_path):
    target = tmp_path / "cache" / "face-mesh"
    with pytest.raises(ModelFilesError, match=r"SHA-256 .* expected; nothing was installed"):
        install_face_mesh(target, wheel=made_wheel(tmp_path))
    assert list((tmp_path / "cache").iterdir()) == []


def test_member_larger_than_expected_is_refused(tmp_path):
    with pytest.raises(ModelFilesError, match="229,715 bytes"):
        install_face_mesh(tmp_path / "cache" / "face-mesh", wheel=made_wheel(tmp_path, bytes(300_000)))


@pytest.mark.parametrize("contents", [b"", b"this is no archive"])
def test_file_that_is_no_wheel_is_refused(tmp_path, contents):
    wheel = tmp_path / "broken.whl"
    wheel.write_bytes(contents)
    with pytest.raises(ModelFilesError, match=r"broken\.whl is not a wheel of mediapipe"):
        install_face_mesh(tmp_path / "face-mesh", wheel=wheel)


def test_wheel_without_a_network_is_refused(tmp_path):
    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(PATHS[0], b"one of four")
    with pytest.raises(ModelFilesError, match=r"other\.whl is not a wheel of mediapipe"):
        install_face_mesh(tmp_path / "face-mesh", wheel=wheel)


def test_installs_exactly_four_files_and_says_so_when_they_are_there(tmp_path, monkeypatch):
    small_members(monkeypatch, b"tiny")
    lines = []
    target = tmp_path / "cache" / "face-mesh"
    first = install_face_mesh(target, wheel=made_wheel(tmp_path, b"tiny"), progress=lines.append)
    assert sorted(path.name for path in target.iterdir()) == [
        "LICENSE",
        "face_detection_short_range.tflite",
        "face_landmark.tflite",
        "iris_landmark.tflite",
    ]
    assert install_face_mesh(target, progress=lines.append) == first
    assert lines[-1] == f"face mesh networks are already in {target}"
    assert [path.name for path in target.parent.iterdir()] == ["face-mesh"]


def test_altered_installation_is_found_and_replaced(tmp_path, monkeypatch):
    small_members(monkeypatch, b"tiny")
    target = tmp_path / "cache" / "face-mesh"
    files = install_face_mesh(target, wheel=made_wheel(tmp_path, b"tiny"))
    files.iris.write_bytes(b"tinz")
    with pytest.raises(ModelFilesError, match=r"iris_landmark\.tflite has SHA-256"):
        find_face_mesh(target)
    install_face_mesh(target, wheel=made_wheel(tmp_path, b"tiny"))
    assert find_face_mesh(target).iris.read_bytes() == b"tiny"


def pip_that(monkeypatch, *, stderr="", writes=None):
    def run(command, **_):
        assert command[0] == sys.executable
        if writes is not None:
            folder = Path(command[command.index("--dest") + 1])
            folder.mkdir()
            (folder / models._WHEEL).write_bytes(writes)
        return subprocess.CompletedProcess(command, 0 if writes is not None else 1, "", stderr)

    monkeypatch.setattr(models.subprocess, "run", run)


def test_python_without_pip_is_told_how_to_get_it(tmp_path, monkeypatch):
    pip_that(monkeypatch, stderr="/usr/bin/python: No module named pip\n")
    with pytest.raises(ModelFilesError, match=r"has no pip.*ensurepip"):
        install_face_mesh(tmp_path / "face-mesh")


def test_failed_download_gives_pips_last_error_in_one_line(tmp_path, monkeypatch):
    pip_that(monkeypatch, stderr="WARNING: retry\nERROR: first\nERROR: No matching distribution found\nnotice\n")
    with pytest.raises(ModelFilesError, match=r"No matching distribution found.*check the network") as caught:
        install_face_mesh(tmp_path / "face-mesh")
    assert "\n" not in str(caught.value)


def test_downloaded_wheel_with_another_checksum_is_refused(tmp_path, monkeypatch):
    pip_that(monkeypatch, writes=b"tampered")
    with pytest.raises(ModelFilesError, match="does not match its SHA-256"):
        install_face_mesh(tmp_path / "cache" / "face-mesh")
    assert list((tmp_path / "cache").iterdir()) == []


def test_folder_that_cannot_be_written_is_reported_with_the_way_out(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelFilesError, match=r"cannot write .*FACETRAIL_CACHE"):
        install_face_mesh(tmp_path / "file" / "models" / "face-mesh")
