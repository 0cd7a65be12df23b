"""Find the networks of a published Stable Diffusion 1.5 model: a diffusers folder, or a single file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from generator.errors import WeightsError

from .tensor_file import TensorFile, find_weights, open_tensor_file


@dataclass(frozen=True, slots=True)
class Base:
    """The networks of a published model.

    Attributes:
        path: Folder or file of the model.
        unet: File with the U-Net.
        vae: File with the autoencoder, if there is one.
        image_encoder: File with a CLIP image encoder, if there is one.
        prediction: Prediction target of the U-Net, if the folder states it.
    """

    path: Path
    unet: TensorFile
    vae: TensorFile | None
    image_encoder: TensorFile | None
    prediction: str | None = None


def open_base(path: Path) -> Base:
    """Open a Stable Diffusion 1.5 folder in diffusers' layout, or a single-file checkpoint.

    Raises:
        WeightsError: The path is neither.
    """
    if not path.is_dir():
        whole = open_tensor_file(find_weights(path))
        vae = whole if any(name.startswith("first_stage_model.") for name in whole.tensors) else None
        return Base(path, whole, vae, None)
    if not (path / "unet").is_dir():
        raise WeightsError(
            f"{path}: no folder unet in it; expected Stable Diffusion 1.5 in diffusers' layout (unet, vae, scheduler), "
            "or a single .safetensors file"
        )

    def beside(name: str) -> TensorFile | None:
        return open_tensor_file(find_weights(path / name)) if (path / name).is_dir() else None

    unet = open_tensor_file(find_weights(path / "unet"))
    return Base(path, unet, beside("vae"), beside("image_encoder"), _prediction(path / "scheduler"))


def open_network(path: Path, name: str) -> TensorFile:
    """Open the weights of one network: a file, its folder, or a folder that contains it under its published name.

    Args:
        path: File or folder to search.
        name: The published name, such as "vae".
    """
    return open_tensor_file(find_weights(path / name if (path / name).is_dir() else path))


def _prediction(folder: Path) -> str | None:
    path = folder / "scheduler_config.json"
    if not path.is_file():
        return None
    try:
        said = json.loads(path.read_text(encoding="utf-8")).get("prediction_type", "epsilon")
    except (OSError, ValueError, AttributeError) as error:
        raise WeightsError(f"{path}: not readable as JSON ({error})") from None
    return str(said)
