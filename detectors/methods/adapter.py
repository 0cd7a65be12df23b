"""Wrap a detector that was made elsewhere, so that everything else sees an ordinary detector network.

There are two kinds. A `ModuleNetwork` holds a torch module, which has gradients. A `PictureNetwork` holds anything that
takes 8-bit pictures and returns numbers: a Python function, an ONNX session, a served model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from detectors.errors import DetectorError

from .networks import DetectorNetwork

Reopen = tuple[Callable[..., Any], tuple[Any, ...]]
"""Function and arguments that open a detector again in another process."""

Output = Literal["probability", "logit"]
_SMALLEST = 1e-15
"""Probabilities nearer to 0 or 1 than this are taken as this far away, so that their logit is finite."""


class PictureScorer(Protocol):
    """The interface of a detector without gradients."""

    def __call__(self, pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the outputs (N,) or (N, C) for N pictures.

        Args:
            pictures: (N, S, S, 3) uint8 RGB; (N, T, S, S, 3) for clips; or an array of N frames (H, W, 3) of any size.

        Raises:
            DetectorError: The detector fails, or returns something else than numbers.
        """


class PictureMapper(Protocol):
    """The interface of a detector that says where a picture was manipulated."""

    def __call__(self, pictures: NDArray[np.uint8]) -> Sequence[NDArray[np.float64]]:
        """Return a map (h, w) for each of N pictures, higher where manipulated."""


@dataclass(frozen=True, slots=True)
class OutputReading:
    """How the outputs of a detector become one logit.

    Attributes:
        source: The detector, named in errors.
        output: Whether the outputs are probabilities or logits.
        manipulated: Number of the class of manipulated pictures. For a single output, 1 where a higher output means
            manipulated and 0 where it means genuine.
    """

    source: str
    output: Output
    manipulated: int

    def logits(self, outputs: Tensor, count: int) -> Tensor:
        """Return the logit of manipulation (N,) of outputs (N,), (N, 1) or (N, C).

        Raises:
            DetectorError: The shape is another one, a class has no output, or a probability lies outside 0–1.
        """
        if outputs.dim() == 2 and outputs.shape[1] == 1:
            outputs = outputs[:, 0]
        if outputs.dim() not in (1, 2) or len(outputs) != count:
            raise DetectorError(
                f"{self.source}: returned {tuple(outputs.shape)} for {count} pictures; expected ({count},) or "
                f"({count}, number of classes)"
            )
        if not bool(torch.isfinite(outputs).all()):
            raise DetectorError(f"{self.source}: returned a number that is not finite")
        classes = outputs.shape[1] if outputs.dim() == 2 else 2
        if not 0 <= self.manipulated < classes:
            raise DetectorError(
                f"{self.source}: has {classes} classes, and `manipulated` is {self.manipulated}; count from 0"
            )
        if self.output == "probability":
            return self._from_probability(outputs)
        if outputs.dim() == 1:
            return outputs if self.manipulated == 1 else -outputs
        others = torch.ones(classes, dtype=torch.bool, device=outputs.device)
        others[self.manipulated] = False
        return outputs[:, self.manipulated] - outputs[:, others].logsumexp(dim=1)

    def _from_probability(self, outputs: Tensor) -> Tensor:
        least, most = float(outputs.min()), float(outputs.max())
        if least < 0 or most > 1:
            raise DetectorError(
                f"{self.source}: returned {least if least < 0 else most:g} as a probability, which lies in 0–1; say "
                "output=logit where it returns unbounded numbers"
            )
        chosen = outputs[:, self.manipulated] if outputs.dim() == 2 else outputs
        flipped = outputs.dim() == 1 and self.manipulated == 0
        return torch.logit(1 - chosen if flipped else chosen, eps=_SMALLEST if chosen.dtype == torch.float64 else 1e-7)


class _AdapterNetwork(DetectorNetwork):
    """A detector of somebody else; its single feature is its logit.

    Its state contains the digest of the source, so that other code or another file is another detector. It is copied to
    another process by opening it there again.
    """

    digest: Tensor

    def __init__(self, backbone: nn.Module, digest: str, reopen: Reopen) -> None:
        """Wrap a module.

        Args:
            backbone: The module.
            digest: SHA-256 (hex) of the source and of how it is used.
            reopen: Function and arguments that make this network again in another process.
        """
        nn.Module.__init__(self)
        self.backbone = backbone
        self.classifier = nn.Linear(1, 1)  # never used: the feature is the logit
        nn.init.ones_(self.classifier.weight)
        nn.init.zeros_(self.classifier.bias)
        self.register_buffer("digest", torch.tensor(list(bytes.fromhex(digest)), dtype=torch.uint8))
        self.requires_grad_(False)
        self._reopen = reopen

    def __reduce__(self) -> Reopen:
        """Return how another process opens the detector."""
        return self._reopen

    def logits(self, features: Tensor) -> Tensor:
        """Return the only feature, the logit, (N,)."""
        return features[:, 0]


class ModuleNetwork(_AdapterNetwork):
    """A torch module that takes normalised crops; attacks may use its gradients."""

    def __init__(
        self,
        module: nn.Module,
        reading: OutputReading,
        digest: str,
        reopen: Reopen,
    ) -> None:
        """Wrap a module that takes (N, 3, S, S), or (N, T, 3, S, S) for clips, and returns (N,) or (N, C)."""
        super().__init__(module, digest, reopen)
        self.reading = reading

    def features(self, crops: Tensor) -> Tensor:
        """Return the logit of each crop as its only feature, (N, 1).

        Raises:
            DetectorError: The module fails, or returns something else than outputs.
        """
        try:
            outputs = self.backbone(crops)
        except Exception as error:
            raise DetectorError(f"{self.reading.source}: failed on {tuple(crops.shape)}: {error!r}") from error
        outputs = getattr(outputs, "logits", outputs)
        if not isinstance(outputs, Tensor):
            raise DetectorError(
                f"{self.reading.source}: returned {type(outputs).__name__}; expected a tensor of one row a picture"
            )
        return self.reading.logits(outputs, len(crops))[:, None]


class PictureNetwork(_AdapterNetwork):
    """Anything that takes 8-bit pictures and returns numbers, without gradients.

    Attributes:
        mapper: Says where a picture was manipulated; None where the detector does not.
    """

    def __init__(
        self,
        scorer: PictureScorer,
        reading: OutputReading,
        digest: str,
        reopen: Reopen,
        mapper: PictureMapper | None = None,
    ) -> None:
        """Wrap a scorer."""
        super().__init__(nn.Identity(), digest, reopen)
        self.scorer, self.reading, self.mapper = scorer, reading, mapper

    def features_of(self, pictures: NDArray[np.uint8]) -> Tensor:
        """Return the logit of each picture as its only feature, (N, 1) in double precision.

        Raises:
            DetectorError: The detector fails, or returns something else than outputs.
        """
        outputs = torch.from_numpy(np.asarray(self.scorer(pictures), dtype=np.float64))
        return self.reading.logits(outputs, len(pictures))[:, None]

    def features(self, crops: Tensor) -> Tensor:
        """Return the same for crops (N, 3, S, S) in 0–1; there is no gradient."""
        pictures = (crops.detach().movedim(-3, -1) * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
        return self.features_of(cast("NDArray[np.uint8]", pictures))
