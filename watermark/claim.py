"""What we say about a file before signing it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .payload import Payload

Relationship = Literal["inputTo", "parentOf", "componentOf"]


@dataclass(frozen=True, slots=True)
class Ingredient:
    """A file that went into the one being sealed.

    Attributes:
        path: The file, read when sealing.
        title: Its name for people.
        relationship: "inputTo" for what a model was given, "parentOf" for the file this one was derived from,
            "componentOf" for a part.
    """

    path: Path
    title: str
    relationship: Relationship


@dataclass(frozen=True, slots=True)
class Claim:
    """The content of a manifest.

    A GENERATED payload claims media made by a trained model. A CONTROL payload claims a genuine picture that was
    opened and marked, and needs its original as a "parentOf" ingredient.

    Attributes:
        payload: What the mark says.
        title: The file's name for people.
        agent: The software that made the pixels.
        agent_version: Its version.
        seed: Seed of the generation, or None.
        ingredients: What went in.
        model_digest: SHA-256 of the model's weights, or None.
    """

    payload: Payload
    title: str
    agent: str
    agent_version: str
    seed: int | None = None
    ingredients: tuple[Ingredient, ...] = ()
    model_digest: str | None = None
