"""Export the model folder of a run: running mean of the weights, and a card that describes their origin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from generator.network.model import AniFaceDiff
from generator.network.weights_io import load_pretrained, save_pretrained
from generator.network.weights_layout import read_card

from .checkpoint import Position, settings
from .config import TrainConfig

_USE = "animating stylised avatars; every output is marked and signed"
_LIMITS = {
    "avatars": "trained on drawn avatars only; it changes only what the moved layers cannot show",
    "videos": "as its data: faces, ages, poses and lights that are rare in it come out worse; not for deceiving people",
}
_OPEN = "Apache-2.0"
_UNCLEAR = "that of the training data and of the base model, which this file does not know; check both before sharing"


def export(
    folder: Path, model: AniFaceDiff, mean: Mapping[str, Tensor], config: TrainConfig, position: Position,
    data: Mapping[str, Any], base: Path | None,
) -> Path:  # fmt: skip
    """Write a model folder that `load_pretrained` reads.

    Args:
        folder: Destination.
        model: The trained network.
        mean: Running mean of the trained parameters, by name.
        config: Settings of the run.
        position: Position of the run.
        data: Description of the data for the card.
        base: Model folder that training started from; parameters that were not trained are read from it again, since
            the network may store them in half precision.

    Returns:
        The folder.
    """
    state = (model if base is None else load_pretrained(base)[0]).state_dict()
    state |= {name: value.detach().to("cpu") for name, value in mean.items()}
    save_pretrained(state, model.config, folder, card_of(config, position, data, base))
    return folder


def card_of(config: TrainConfig, position: Position, data: Mapping[str, Any], base: Path | None) -> dict[str, Any]:
    """Return the entries of the card besides sizes and digests."""
    avatars = "coverage" not in data
    former = {} if base is None else read_card(base)[0]
    recipe = settings(config)
    del recipe["model"]
    recipe["objective"]["features"] = Path(config.objective.features).name
    return {
        "name": config.model.preset,
        "licence": _OPEN if avatars and base is None else former.get("licence", _UNCLEAR) if avatars else _UNCLEAR,
        "data": data["description"],
        "data_details": {name: value for name, value in data.items() if name != "description"},
        "training": recipe,
        "base": position.origin or None,
        "base_training": former.get("training"),
        "seed": config.seed,
        "steps": position.step,
        "hours": round(position.seconds / 3600, 3),
        "starts": [dict(zip(("step", "planned_steps", "processes"), entry, strict=True)) for entry in position.history],
        "targets_per_step": config.data.sources
        * config.data.targets
        * config.optimiser.accumulate
        * position.history[-1][2],
        "metrics": position.metrics,
        "use": _USE,
        "limits": _LIMITS["avatars" if avatars else "videos"],
    }
