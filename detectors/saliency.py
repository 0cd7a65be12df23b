"""Compute saliency maps: Grad-CAM for convolutional networks, attention relevance for transformers.

A map shows which places influenced this network's answer. It does not show that these places were manipulated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from detectors.methods.adapter import PictureNetwork
from detectors.methods.f3net import TwoBranches

from .errors import DetectorError
from .occlusion import occlusion_map
from .preprocessing import check_crops, to_input
from .scoring import Detector

CommandResult = Literal["manipulated", "genuine"]
_SMALLEST = 1e-12


def explain(detector: Detector, crops: NDArray[np.uint8], answer: CommandResult = "manipulated") -> NDArray[np.float64]:
    """Compute a saliency map of each crop for an answer.

    Convolutional networks use Grad-CAM (Selvaraju et al. 2017, eq. 1-2) at the last map before pooling; the branches of
    a two-branch network are averaged. Vision transformers use attention rolled out over the layers (Abnar & Zuidema
    2020), each head weighted by its gradient (Chefer et al. 2021, eq. 5-6). A detector without gradients gives its own
    maps where it has a function `locate`; otherwise one place after another is covered (Zeiler & Fergus 2014).

    Args:
        detector: Detector whose answer is explained.
        crops: (N, S, S, 3) uint8 RGB with S the spec's input size; for a detector of clips, one window of frames.
        answer: The answer to explain.

    Returns:
        (N, S, S) in 0-1, with a maximum of 1 for each crop; all 0 where nothing supports the answer.

    Raises:
        CropError: The crops break the contract.
        DetectorError: The network has neither convolutional maps nor attention, or a detector from elsewhere fails.
    """
    if isinstance(detector.model, PictureNetwork):
        check_crops(crops, detector.spec)
        return _without_gradients(detector, detector.model, crops, 1.0 if answer == "manipulated" else -1.0)
    clips = crops if detector.spec.frames == 1 else crops[None]
    check_crops(clips, detector.spec)
    model = detector.model.eval()
    device = next(model.parameters()).device
    batch = to_input(clips, detector.spec).to(device).requires_grad_()
    transformer = next((part for part in model.backbone.modules() if isinstance(part, VisionTransformer)), None)
    with torch.enable_grad():
        sign = 1.0 if answer == "manipulated" else -1.0
        if transformer is not None:
            maps = _by_attention(model, transformer, batch, sign)
        else:
            maps = _by_gradient(model, _branches(model.backbone), batch, sign)
    grown = nn.functional.interpolate(maps[:, None], size=crops.shape[1:3], mode="bilinear", align_corners=False)
    found = grown[:, 0].detach().double().cpu().numpy()
    peaks = found.max(axis=(1, 2), keepdims=True)
    return _for_each_frame(np.where(peaks > _SMALLEST, found / np.maximum(peaks, _SMALLEST), 0.0), len(crops))


def localise(detector: Detector, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return where a detector sees a manipulation in each crop.

    A detector from elsewhere that has a function `locate` gives its own maps, as they are. Any other one gives the map
    of what spoke for *manipulated* (`explain`), whose highest value is 1 in each crop.

    Args:
        detector: The detector.
        crops: As for `explain`.

    Returns:
        (N, S, S), higher where manipulated.

    Raises:
        CropError, DetectorError: As for `explain`.
    """
    model = detector.model
    if not isinstance(model, PictureNetwork) or model.mapper is None:
        return explain(detector, crops)
    check_crops(crops, detector.spec)
    return _stacked([fit_map(one, crop.shape[:2]) for one, crop in zip(model.mapper(crops), crops, strict=True)])


def _stacked(maps: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return maps as one array; maps of several sizes as an array of objects."""
    if len({one.shape for one in maps}) == 1:
        return np.stack(maps)
    kept = np.empty(len(maps), dtype=object)
    for number, one in enumerate(maps):
        kept[number] = one
    return kept


def _without_gradients(
    detector: Detector, model: PictureNetwork, crops: NDArray[np.uint8], sign: float
) -> NDArray[np.float64]:
    """Return a detector's own maps of what is manipulated, or the map of an answer by occlusion, (N, S, S)."""
    if detector.spec.frames > 1:
        raise DetectorError(f"detector {detector.spec.name!r} judges clips and has no gradients to explain")
    if model.mapper is not None and sign > 0:
        maps = [fit_map(one, crop.shape[:2]) for one, crop in zip(model.mapper(crops), crops, strict=True)]
    else:
        maps = [occlusion_map(detector, crop, sign) for crop in crops]
    return _stacked([np.maximum(one, 0) / max(float(one.max()), _SMALLEST) for one in maps])


def fit_map(found: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    """Resize a map (h, w) to the height and width of its picture."""
    plane = torch.from_numpy(np.ascontiguousarray(found))[None, None]
    grown = nn.functional.interpolate(plane, size=size, mode="bilinear", align_corners=False)
    return grown[0, 0].numpy()


def _by_gradient(model: nn.Module, branches: Sequence[nn.Module], batch: Tensor, sign: float) -> Tensor:
    """Return ReLU(sum_k a_k A_k) with a_k the mean of the answer's gradient over the map A_k, (N, h, w)."""
    seen: list[list[Tensor]] = [[] for _ in branches]
    with ExitStack() as stack:
        for branch, maps in zip(branches, seen, strict=True):
            stack.enter_context(_watched(branch, maps))
        answer = sign * model(batch).sum()
    if not all(seen):
        raise DetectorError(f"{type(model).__name__} has no convolutional map to explain")
    last = [maps[-1] for maps in seen]
    gradients = torch.autograd.grad(answer, last)
    drawn = [
        ((gradient.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1)).relu()
        for gradient, maps in zip(gradients, last, strict=True)
    ]
    if len(drawn) == 1:
        return drawn[0]
    size = max((one.shape[-2:] for one in drawn), key=lambda shape: shape[0])
    evened = [one / one.amax(dim=(1, 2), keepdim=True).clamp(min=_SMALLEST) for one in drawn]
    grown = [nn.functional.interpolate(one[:, None], size=size, mode="bilinear", align_corners=False) for one in evened]
    return torch.cat(grown, dim=1).mean(dim=1)


def _by_attention(model: nn.Module, transformer: VisionTransformer, batch: Tensor, sign: float) -> Tensor:
    """Return R of R <- R + mean_h(relu(dA * A)) R over the layers, from the pooled token to the patches, (N, h, w)."""
    seen: list[Tensor] = []
    attentions = [module for module in transformer.modules() if hasattr(module, "fused_attn")]
    fused = [module.fused_attn for module in attentions]
    try:
        with ExitStack() as stack:
            for module in attentions:
                module.fused_attn = False  # the fused kernel does not return its attention weights
                handle = cast(nn.Module, module.attn_drop).register_forward_hook(lambda _m, _i, out: seen.append(out))
                stack.callback(handle.remove)
            answer = sign * model(batch).sum()
    finally:
        for module, was in zip(attentions, fused, strict=True):
            module.fused_attn = was
    gradients = torch.autograd.grad(answer, seen)
    tokens = seen[0].shape[-1]
    relevance = torch.eye(tokens, device=batch.device).expand(len(seen[0]), -1, -1)
    for weights, gradient in zip(seen, gradients, strict=True):
        relevance = relevance + (gradient * weights).relu().mean(dim=1) @ relevance
    first = transformer.num_prefix_tokens
    pooled = relevance[:, 0] if transformer.global_pool == "token" else relevance[:, first:].mean(dim=1)
    height, width = transformer.patch_embed.grid_size
    return pooled[:, first:].reshape(-1, height, width)


def _branches(backbone: nn.Module) -> Sequence[nn.Module]:
    return (backbone.decomposition, backbone.statistics) if isinstance(backbone, TwoBranches) else (backbone,)


@contextmanager
def _watched(branch: nn.Module, maps: list[Tensor]) -> Iterator[None]:
    """Collect every map (N, C, h, w) with h, w > 1 that a module of a branch outputs."""

    def look(_module: nn.Module, _inputs: object, output: object) -> None:
        if isinstance(output, Tensor) and output.dim() == 4 and min(output.shape[2:]) > 1 and output.requires_grad:
            maps.append(output)

    handles = [module.register_forward_hook(look) for module in branch.modules()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _for_each_frame(maps: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """Add an empty map for the first and last frames, which a temporal difference removes."""
    missing = frames - len(maps)
    return np.pad(maps, ((missing // 2, missing - missing // 2), (0, 0), (0, 0)))
