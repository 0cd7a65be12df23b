"""Train on aligned twins: a genuine crop and a forgery of that same crop, cut and augmented alike.

Only the decoder's fingerprint differs between the two, so content, framing and codec cannot become cues (Rajan et al.
2025, "AlignedForensics"; Chen et al. 2025, "Dual Data Alignment"). Two things are done with a pair. The forgery is
sometimes mixed with its twin, in pixels or in frequencies, which makes it harder to detect. The loss adds to
cross-entropy a term that makes the forgery score above its own twin (the logistic ranking loss of Burges et al. 2005).
"""

from __future__ import annotations

from torch import Tensor, nn

from detectors.augmentation.augment import AugmentConfig
from detectors.recipe import Recipe, TrainingSource
from detectors.spec import IMAGENET_MEAN, IMAGENET_STD, DetectorSpec

from .backbones import Pretrained, build_backbone
from .batch import Batch
from .networks import DetectorNetwork, cross_entropy

_RANKING = 0.5

SPEC = DetectorSpec(
    name="twins",
    method="twins",
    backbone="convnext_tiny.fb_in1k",
    input_size=224,
    mean=IMAGENET_MEAN,
    std=IMAGENET_STD,
    crop_margin=0.15,
    licence="Apache-2.0",
    paper="Rajan et al. 2025 (AlignedForensics); Chen et al. 2025 (DDA)",
    summary="ConvNeXt fed a genuine crop beside a forgery of itself; finds whole-picture decoders",
    recipe=Recipe(
        learning_rate=1e-4,
        weight_decay=0.05,
        batch_size=32,
        epochs=10,
        training_source=TrainingSource.TWINS,
        augment=AugmentConfig(
            jpeg=0.15, jpeg_quality=(55, 100), resize=0.3, blur=0.2, noise=0.1, pixel_mix=0.2, frequency_mix=0.2
        ),
    ),
)


class TwinsNetwork(DetectorNetwork):
    """Train a forgery to score above its own genuine twin."""

    def loss(self, batch: Batch) -> Tensor:
        """Return cross-entropy + 0.5 · mean log(1 + exp(z_genuine − z_forged)) over the rows that are twins."""
        logits = self(batch.crops)
        loss = cross_entropy(logits, batch.labels)
        above = (logits[0::2] - logits[1::2])[batch.paired].float()
        return loss + _RANKING * nn.functional.softplus(above).mean() if len(above) else loss


def build_twins(spec: DetectorSpec, *, pretrained: Pretrained = False) -> DetectorNetwork:
    """Build a backbone with a linear classifier; every parameter is trained."""
    backbone, width = build_backbone(spec, pretrained=pretrained)
    return TwinsNetwork(backbone, width)
