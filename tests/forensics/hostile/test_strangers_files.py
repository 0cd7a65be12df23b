"""What `facetrail read` and `examine` make of files that were made to harm: one clear line each, and the next file."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.cli.main import main
from fuzzing import hostile_files
from fuzzing.hostile_manifests import store_of_ingredients
from watermark import (
    CredentialState,
    Deployment,
    MediaError,
    encode_clip,
    encode_still,
    open_clip,
    read_media,
    read_provenance,
)

SAYS = {
    "png_of_huge_size": "has more than 64000000 pixels",
    "png_with_a_text_bomb": "is damaged or truncated",
    "png_with_more_data_than_pixels": "",
    "apng_of_a_million_frames": "is an animated PNG, which is not read",
    "png_of_nested_jumbf": "altered",
    "png_of_nested_cbor": "altered",
    "png_of_a_million_manifests": "altered",
    "png_that_is_a_page_and_an_archive": "",
    "empty": "is not PNG",
    "pipe": "is a folder, a pipe or a device; give a file",
    "link_to_a_device": "is a folder, a pipe or a device; give a file",
    "dangling_link": "cannot be read (No such file",
    "link_to_itself": "cannot be read (Too many levels of symbolic links)",
    "jpeg_of_huge_size": "has more than 64000000 pixels",
    "jpeg_before_a_clip": "",
    "webp_of_huge_size": "is damaged or truncated",
    "tiff_of_huge_size": "has more than 64000000 pixels",
    "tiff_of_endless_pages": "is damaged or truncated (Missing dimensions)",
    "tiff_whose_pages_run_in_a_circle": "",
    "tiff_bomb": "",
    "avif_of_huge_size": "is damaged or truncated",
    "mp4_of_huge_size": "",
    "mp4_of_two_billion_frames": "is damaged or truncated",
    "mp4_without_any_rate": "ends before its index says",
    "mp4_of_a_frame_a_century": "has no frame that can be decoded",
    "mp4_of_nested_boxes": "is damaged or truncated",
    "matroska_without_end": "",
}
"""What is said of each; nothing where it is read as what it shows."""


def facetrail(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "forensics", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)  # type: ignore[call-overload]


def test_every_attack_is_tried() -> None:
    assert set(SAYS) == set(hostile_files.ATTACKS) - hostile_files.COSTLY


@pytest.mark.slow
def test_each_file_gets_an_answer_within_the_limits_and_none_stops_the_others(
    tmp_path: Path, deployment: Deployment
) -> None:
    paths = {name: hostile_files.make(name, tmp_path) for name in SAYS}
    done = facetrail("read", *paths.values(), "--json", "--home", deployment.folder, "--seconds", 20, "--memory", 1024)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    answers = json.loads(done.stdout)["results"]
    assert len(answers) == len(SAYS)
    for (name, path), answer in zip(paths.items(), answers, strict=True):
        said = answer["error"]["message"] if "error" in answer else f"{answer['path']}: {answer['credential']['state']}"
        assert str(path) in said, name
        assert SAYS[name] in said, name
        assert ("error" in answer) == (SAYS[name] not in ("", "altered")), said


@pytest.mark.slow
@pytest.mark.parametrize("command", ["read", "examine"])
def test_ten_thousand_ingredients_cost_no_more_than_the_time_they_are_given(
    tmp_path: Path, deployment: Deployment, command: str
) -> None:
    hostile = hostile_files.make("png_of_ten_thousand_ingredients", tmp_path)
    encode_still(np.full((192, 192, 3), 127, dtype=np.uint8), tmp_path / "next.png")
    done = facetrail(command, hostile, tmp_path / "next.png", "--json", "--home", deployment.folder, "--seconds", 4)
    assert done.returncode == 1
    refused, answered = json.loads(done.stdout)["results"]
    line = f"{hostile}: takes longer than 4 seconds; if you trust the file, allow more with --seconds"
    assert refused["error"]["message"] == line
    assert answered["credential"]["state"] == "absent"


def test_hundreds_of_ingredients_are_read_and_nothing_of_them_believed(tmp_path: Path, deployment: Deployment) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(hostile_files.png_with(store_of_ingredients(200)))
    found = read_provenance(path, deployment)
    assert found.credential.state is CredentialState.ALTERED
    (manifest,) = json.loads(found.credential.manifest_json)["manifests"].values()
    assert len(manifest["ingredients"]) == 200


def test_a_pipe_does_not_keep_a_reader_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    for read in (read_media, open_clip):
        with pytest.raises(MediaError, match=r"a\.png: is a folder, a pipe or a device; give a file"):
            read(tmp_path / "a.png")


def test_pages_of_a_tiff_are_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = hostile_files.make("tiff_of_endless_pages", tmp_path)
    sought: list[int] = []
    from PIL import TiffImagePlugin

    seek = TiffImagePlugin.TiffImageFile.seek

    def counted(image: TiffImagePlugin.TiffImageFile, frame: int) -> None:
        sought.append(frame)
        seek(image, frame)

    monkeypatch.setattr(TiffImagePlugin.TiffImageFile, "seek", counted)
    with pytest.raises(MediaError, match="endless_pages"):
        read_media(path)
    assert sought == [1]


def test_a_clip_of_too_many_frames_is_refused_while_they_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watermark.media.clip_files.MOST_CLIP_FRAMES", 5)
    encode_clip(np.zeros((6, 64, 64, 3), dtype=np.uint8), tmp_path / "a.mp4", 25)
    with pytest.raises(MediaError, match=r"a\.mp4: has more than 5 frames; cut the clip"):
        open_clip(tmp_path / "a.mp4")


def test_deep_pictures_of_every_value_become_the_nearest_of_eight_bits(tmp_path: Path) -> None:
    deep = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    Image.fromarray(deep).save(tmp_path / "a.png")
    nearest = np.rint(deep / 257).astype(np.uint8)
    assert np.array_equal(read_media(tmp_path / "a.png").frames[0, ..., 0], nearest)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["read", "examine"])
def test_names_write_no_line_of_their_own_and_reach_the_json_whole(
    tmp_path: Path, avatar_still: np.ndarray, deployment: Deployment, command: str
) -> None:
    encode_still(avatar_still[:96, :96], tmp_path / "sound.png")
    names = [
        b"a\n  credential  trusted\x1b[2K.png",
        b"[red]b.png",
        b"caf\xe9.png",
        b"\xe2\x80\xaegnp.c\xc2\x9b2J.png",
        b"<img src=x>.png",
    ]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes((tmp_path / "sound.png").read_bytes())
    (tmp_path / "broken\n0 files: nothing found.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "sound.png").unlink()
    home = ("--home", deployment.folder)
    done = facetrail(command, tmp_path, *home)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for text in (done.stdout, done.stderr):
        assert all(sign == "\n" or sign.isprintable() for sign in text)
    assert "\n  credential  trusted" not in done.stdout.replace("a\\n", "")
    assert "broken\\n0 files: nothing found.png: " in done.stderr
    assert "caf\\udce9.png" in done.stdout
    answers = json.loads(facetrail("read", tmp_path, "--json", *home).stdout)["results"]
    assert {os.fsencode(Path(answer["path"]).name) for answer in answers if "error" not in answer} == set(names)


def test_a_name_that_no_file_can_have_is_one_line_and_the_others_are_read(
    tmp_path: Path, avatar_still: np.ndarray, deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    encode_still(avatar_still[:96, :96], tmp_path / "a.png")
    names = ("x" * 5000, "nu\0ll.png", str(tmp_path / "a.png"))
    assert main(["read", *names, "--home", str(deployment.folder)]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == str(tmp_path / "a.png")
    complaints = said.err.splitlines()
    assert len(complaints) == 2
    assert "File name too long" in complaints[0]
    assert complaints[1].startswith("nu\\x00ll.png: cannot be a file's name")


@pytest.mark.slow
def test_what_a_decoder_warns_of_is_no_line_of_its_own(
    tmp_path: Path, avatar_still: np.ndarray, deployment: Deployment
) -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01"
    Image.fromarray(avatar_still[:96, :96]).save(tmp_path / "a.jpg", exif=exif)
    with pytest.warns(UserWarning, match="Corrupt EXIF data"):
        read_media(tmp_path / "a.jpg")
    done = facetrail("read", tmp_path / "a.jpg", "--home", deployment.folder)
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if not line.startswith("[")] == []  # how far it is, where slow


def test_a_name_cannot_break_the_bar_on_a_terminal() -> None:
    import io

    from rich.console import Console
    from rich.progress import Progress

    from forensics.execution import progress

    stream = io.StringIO()
    drawn: list[Progress] = []

    class Kept(Progress):
        def __init__(self, *columns: object, console: Console, **options: object) -> None:
            super().__init__(*columns, console=Console(file=stream, force_terminal=True), **options)  # type: ignore[arg-type]
            drawn.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rich.progress.Progress", Kept)
        with progress._bar(stream) as report:
            report(0.5, "reading [red]b.png")
            drawn[0].refresh()
    assert "reading [red]b.png" in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())


def test_an_archive_behind_a_picture_is_never_unpacked(tmp_path: Path, deployment: Deployment) -> None:
    path = hostile_files.make("png_that_is_a_page_and_an_archive", tmp_path / ".")
    assert zipfile.is_zipfile(path)
    assert main(["read", str(path), "--home", str(deployment.folder)]) == 0
    assert [entry.name for entry in tmp_path.rglob("*")] == [path.name]
    assert not (tmp_path.parent.parent / "evil.py").exists()
