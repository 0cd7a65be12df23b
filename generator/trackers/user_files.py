"""Find the model files that users provide; none of them is shipped or downloaded."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_dir

from generator.errors import ModelFilesError
from watermark import home_folder

FLAME_FILES = ("flame2023_Open.pkl", "flame2023.pkl", "generic_model.pkl")
"""FLAME's published file names, the one with the freest licence first."""


def models_folder() -> Path:
    """Return the folder of these files: ``models`` in FACETRAIL_HOME, else in the user's configuration folder."""
    return home_folder() / "models"


def cache_folder() -> Path:
    """Return the folder of what can be fetched or computed again: FACETRAIL_CACHE, else the user's cache."""
    return Path(os.environ.get("FACETRAIL_CACHE") or user_cache_dir("facetrail", appauthor=False))


def find_flame(given: Path | None = None) -> Path:
    """Find FLAME's file.

    Args:
        given: The file or its folder; None takes ``flame`` in `models_folder`.

    Raises:
        ModelFilesError: There is no such file.
    """
    return find_file(
        given,
        "flame",
        FLAME_FILES,
        "FLAME",
        "https://flame.is.tue.mpg.de (FLAME 2023 Open: CC-BY-4.0, others: research)",
    )


def find_file(given: Path | None, folder: str, names: tuple[str, ...], what: str, source: str) -> Path:
    """Find a model file.

    Args:
        given: The file or its folder; None takes `folder` in `models_folder`.
        folder: Folder of this model in `models_folder`.
        names: The file's possible names, the preferred one first.
        what: Name of the model, for the error message.
        source: Address and licence of the publication, for the error message.

    Raises:
        ModelFilesError: There is no such file; the message says where to get it and where to store it.
    """
    place = given or models_folder() / folder
    if place.is_file():
        return place
    for name in names:
        if (place / name).is_file():
            return place / name
    wanted = place if given is not None and not place.is_dir() else place / names[0]
    raise ModelFilesError(
        f"{wanted}: {what} is not there; get {' or '.join(names)} from {source} and put it there, or name the file"
    )
