"""Describe a detector as data: its network, its crop contract, its licence and its source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .recipe import Recipe

Method = Literal[
    "plain",
    "srm",
    "spsl",
    "f3net",
    "face_xray",
    "linear_probe",
    "ln_clip",
    "effort",
    "twins",
    "video",
    "flicker",
    "adapter",
]
Alignment = Literal["upright", "five_point", "frame"]

HALF = (0.5, 0.5, 0.5)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
CLIP_LARGE = "vit_large_patch14_clip_quickgelu_224.openai"
"""Backbone of OpenAI's CLIP. It was trained with QuickGELU; timm's plain name would build GELU with the same weights.
"""


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """Describe everything about a detector that is not learned.

    The crop contract is `input_size`, `crop_margin`, `crop_pct`, `alignment`, `frames`, `mean` and `std`; a checkpoint
    made under another contract is refused. `crop_pct` is 1 for every detector: timm's default transforms remove the
    border of the crop, which contains evidence of blending.

    Attributes:
        name: Name that users type.
        method: Module of `detectors.methods` that builds the network.
        backbone: Model name in timm's registry, with the tag of the weights it starts from.
        input_size: Side of the square crop in pixels.
        mean: Per-channel mean subtracted after scaling to 0–1, RGB.
        std: Per-channel divisor, RGB.
        crop_margin: Share of the longer box side added on every side of the box.
        licence: Licence of the weights that `pretrained` or the shipped folder provides.
        paper: Publication of the method.
        summary: One line for a table of detectors.
        options: Further keyword arguments for timm's factory, as pairs.
        recipe: Default training settings.
        crop_pct: Share of the crop that reaches the network.
        alignment: `upright` cuts along the picture's axes, without turning the face; `five_point` aligns eyes, nose and
            mouth corners with a template. This needs landmarks, so `crop_face` cannot do it. `frame` takes the whole
            frame and needs no face; with an input size of 0 the frame keeps its own size.
        frames: Number of consecutive crops that are scored together; with 1 every crop is scored alone.
        smallest_face: Shorter side of a face's box, in pixels, below which its score decides nothing.
    """

    name: str
    method: Method
    backbone: str
    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    crop_margin: float
    licence: str
    paper: str
    summary: str
    options: tuple[tuple[str, int | tuple[int, ...]], ...] = ()
    recipe: Recipe = field(default_factory=Recipe)
    crop_pct: float = 1.0
    alignment: Alignment = "upright"
    frames: int = 1
    smallest_face: int = 0

    @property
    def whole_frame(self) -> bool:
        """Return whether the detector judges whole frames instead of face crops."""
        return self.alignment == "frame"

    @property
    def crop_contract(self) -> dict[str, object]:
        """Return the part of the spec that crops have to satisfy, ready for a card."""
        return {
            "input_size": self.input_size,
            "crop_margin": self.crop_margin,
            "crop_pct": self.crop_pct,
            "alignment": self.alignment,
            "frames": self.frames,
            "mean": list(self.mean),
            "std": list(self.std),
        }
