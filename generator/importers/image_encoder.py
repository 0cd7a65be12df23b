"""Read CLIP's image encoder with its projection, as `sd-image-variations` and CLIP ViT-L/14 publish it."""

from __future__ import annotations

from generator.errors import WeightsError

from .kinds import IMAGE_ENCODER, kind_of
from .part import Part
from .tensor_file import TensorFile

_TEXT = ("text_model.", "text_projection.", "logit_scale")
_INDEX = "vision_model.embeddings.position_ids"


def read_image_encoder(file: TensorFile) -> Part:
    """Read an image encoder under transformers' names.

    Args:
        file: A `CLIPVisionModelWithProjection` or a whole `CLIPModel`, whose text half is left out.

    Raises:
        WeightsError: The file contains something else.
    """
    kind = kind_of(file.tensors)
    if kind != IMAGE_ENCODER:
        raise WeightsError(f"{file.path}: {kind}; expected a CLIP image encoder with its projection")
    text = tuple(name for name in file.tensors if name.startswith(_TEXT))
    index = tuple(name for name in file.tensors if name == _INDEX)
    kept = {name: value for name, value in file.tensors.items() if name not in (*text, *index)}
    return Part(file.path, "CLIP image encoder", kept, {"text half of CLIP": text, "a table of indices": index})
