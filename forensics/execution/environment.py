"""Find what is installed, what is missing, and how to install it."""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from watermark import home_folder

from .command_result import JsonObject
from .extras import command

_SOON = dt.timedelta(days=30)
PACKAGES = ("facetrail", "torch", "torchvision", "timm", "diffusers", "numpy", "opencv-python", "av", "c2pa-python")
"""Packages whose versions a report names."""

_EXTRAS: Mapping[str, tuple[str, ...]] = {
    "full": ("torch", "torchvision", "timm", "numba", "scikit-learn", "scipy", "safetensors", "jinja2"),
    "track": ("ai-edge-litert",),
    "sd15": ("diffusers",),
}
"""Packages of extras, by the extra that brings them; all others are facetrail's own requirements."""

_NEEDED = ("full",)
"""Extras that the demo needs."""


@dataclass(frozen=True, slots=True)
class Part:
    """One component that facetrail uses.

    Attributes:
        name: Name of the component.
        present: Whether it is installed and usable.
        detail: Its version or path.
        needed: Whether the demo needs it.
        remedy: How to install it, empty where it is installed.
    """

    name: str
    present: bool
    detail: str
    needed: bool
    remedy: str = ""

    def line(self) -> str:
        """Return the description of the part in one line."""
        state = "ok" if self.present else "missing" if self.needed else "absent"
        remedy = f"; {self.remedy}" if self.remedy and not self.present else ""
        return f"  {self.name:<22}{state:<9}{self.detail}{remedy}"

    def entry(self) -> JsonObject:
        """Return the entry of the part in the JSON document."""
        return {
            "name": self.name,
            "present": self.present,
            "detail": self.detail,
            "needed": self.needed,
            "remedy": self.remedy or None,
        }


def examine_installation(home: Path | None = None) -> tuple[Part, ...]:
    """Return the state of every component that facetrail uses.

    Args:
        home: Folder of the deployment, None for the default.
    """
    return (*package_parts(), operators_part(), *model_parts(), identity_part(home), mark_keys_part(home))


def package_parts() -> tuple[Part, ...]:
    """Return the state of the interpreter and the packages, from their metadata; nothing is imported for it."""
    parts = [Part("python", sys.version_info >= (3, 11), platform.python_version(), True, "install Python 3.11")]
    extras = {name: extra for extra, names in _EXTRAS.items() for name in names}
    own = [name for name in PACKAGES if name not in extras]
    for name in (*own, *extras):
        found, extra = installed_version(name), extras.get(name)
        needed = extra is None or extra in _NEEDED
        remedy = "run scripts/setup" if extra is None else f"run scripts/setup --user or {command(extra)}"
        remedy = remedy if needed else f"only for some commands; {command(str(extra))}"
        parts.append(Part(name, found is not None, found or "not installed", needed, remedy))
    return tuple(parts)


def operators_part() -> Part:
    """Return whether torchvision's compiled operators fit the build of torch, judged by the versions of both."""
    torch, torchvision = installed_version("torch"), installed_version("torchvision")
    if torch is None or torchvision is None:
        return Part("torchvision operators", False, "torch or torchvision is missing", False, command("full"))
    fit = torch.partition("+")[2] == torchvision.partition("+")[2]
    detail = f"built for torch {torch}" if fit else "declared by facetrail_torchvision where they do not load"
    return Part("torchvision operators", True, detail, False)


def model_parts() -> tuple[Part, ...]:
    """Return the state of shipped weights and optional models."""
    import detectors
    import generator
    from generator import GeneratorError
    from generator.trackers import face_mesh_folder, find_face_mesh

    parts: list[Part] = []
    for name, module, pattern in (
        ("detector weights", detectors, "weights/*/weights.safetensors"),
        ("generator weights", generator, "weights/**/*.safetensors"),
    ):
        files = sorted(Path(str(module.__file__)).parent.glob(pattern))
        size = sum(path.stat().st_size for path in files) / 1e6
        detail = f"{len(files)} file(s), {size:.1f} MB" if files else "not in this installation"
        parts.append(Part(name, bool(files), detail, True, "install facetrail again"))
    try:
        find_face_mesh()
    except GeneratorError:
        parts.append(Part("face mesh", False, "not installed", False, "facetrail models get face-mesh"))
    else:
        parts.append(Part("face mesh", True, str(face_mesh_folder()), False))
    weights = detectors.imagenet_file()
    detail = str(weights) if weights.is_file() else "not fetched; only training needs it"
    parts.append(Part("imagenet-lite0", weights.is_file(), detail, False, "facetrail models get imagenet-lite0"))
    return tuple(parts)


def identity_part(home: Path | None) -> Part:
    """Return the state of the signing identity, without creating one."""
    from watermark import Identity, WatermarkError

    folder = home_folder(home)
    if not (folder / "identity").exists():
        return Part("signing identity", False, f"none in {folder}", False, "made on first use")
    try:
        identity = Identity.load(folder / "identity")
    except WatermarkError as error:
        return Part("signing identity", False, str(error), True, "move the folder away and run again")
    state = f"{identity.subject}, valid until {identity.not_after:%Y-%m-%d}"
    try:
        identity.check_in_date()
    except WatermarkError as error:
        return Part("signing identity", False, str(error), True)
    if identity.not_after - dt.datetime.now(dt.UTC) < _SOON:
        return Part("signing identity", True, f"{state}, soon; run `facetrail identity renew`", False)
    return Part("signing identity", True, state, False)


def mark_keys_part(home: Path | None) -> Part:
    """Return the state of the keys of the marks, without creating any."""
    from watermark import WatermarkError, mark_key_fingerprints

    folder = home_folder(home)
    try:
        names = mark_key_fingerprints(folder)
    except WatermarkError as error:
        return Part("mark keys", False, str(error), True)
    if not names:
        return Part("mark keys", False, f"none in {folder}", False, "made on first use")
    return Part("mark keys", True, f"{len(names)}, the newest {names[0]}", False)


def installed_version(name: str) -> str | None:
    """Return a package's version, None where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def machine() -> str:
    """Return a description of this machine in a few words."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
