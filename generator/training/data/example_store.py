"""Store rendered examples as files, so that several runs use the same frames without rendering them again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch.utils.data import Dataset

from generator.errors import TrainingError
from watermark import whole_file

from .batch import Example

Note = Callable[[int, int], None]
"""Progress callback; receives the number of stored examples and the number of all examples."""

_CARD = "store.json"
_MAP = "map."


def draw_store(folder: Path, examples: Dataset[Example], count: int, origin: Mapping[str, Any], note: Note) -> None:
    """Store the first `count` examples of a supply; those that exist already are not changed.

    Args:
        folder: Folder of the store.
        examples: The supply; example `k` must be determined by `k` alone.
        count: Number of examples, at least 1.
        origin: Everything that determines the examples, as JSON; a store of another origin is refused.
        note: Progress callback.

    Raises:
        TrainingError: The folder contains examples of another origin.
    """
    folder.mkdir(parents=True, exist_ok=True)
    card = folder / _CARD
    wanted = {"count": count, "origin": dict(origin)}
    if card.exists():
        if json.loads(card.read_text(encoding="utf-8")) != json.loads(json.dumps(wanted)):
            raise TrainingError(f"{folder}: holds examples of another origin; choose an empty folder")
    else:
        card.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
    for number in range(count):
        path = _path(folder, number)
        if not path.exists():
            _write(path, examples[number])
        note(number + 1, count)


class ExampleStore(Dataset[Example]):
    """Read the examples that `draw_store` stored, in an order that differs for every seed and every round.

    Each round of `count` numbers contains every example once. Example `number` is determined by the seed and `number`
    alone, so a resumed run uses the same examples as an uninterrupted one.

    Args:
        folder: The store.
        seed: Seed of the order.

    Raises:
        TrainingError: The store is absent or not complete.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._seed, self._count = folder, seed, _complete(folder)

    def __len__(self) -> int:
        """Return the number of examples of a round."""
        return self._count

    def __getitem__(self, number: int) -> Example:
        """Return example `number` >= 0."""
        turn, place = divmod(number, self._count)
        return _read(_path(self._folder, int(_order(self._seed, turn, self._count)[place])))


def load_store(folder: Path) -> Iterator[Example]:
    """Yield every example of a store once, in the order in which they were rendered.

    Raises:
        TrainingError: The store is absent or not complete.
    """
    for number in range(_complete(folder)):
        yield _read(_path(folder, number))


def _complete(folder: Path) -> int:
    """Return the number of examples of a store, after checking that all of them exist."""
    try:
        count = int(json.loads((folder / _CARD).read_text(encoding="utf-8"))["count"])
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"{folder}: no store of examples; draw one first") from error
    missing = sum(not _path(folder, number).exists() for number in range(count))
    if missing:
        raise TrainingError(f"{folder}: {missing} of {count} examples are missing; draw them first")
    return count


@lru_cache(maxsize=4)
def _order(seed: int, turn: int, count: int) -> NDArray[np.intp]:
    return np.random.default_rng((seed, turn)).permutation(count)


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.safetensors"


def _write(path: Path, drawn: Example) -> None:
    tensors = {name: getattr(drawn, name) for name in ("source", "target", "expression", "labels")}
    tensors |= {f"{_MAP}{name}": values for name, values in drawn.maps.items()}
    whole = {name: values.contiguous() for name, values in tensors.items()}
    try:
        with whole_file(path) as part:
            save_file(whole, part, metadata={"identity": drawn.identity})
    except SafetensorError as error:
        raise TrainingError(f"{path.parent}: cannot be written ({error}); free space and run again") from error


def _read(path: Path) -> Example:
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dictionary
            identity = file.metadata()["identity"]
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"{path}: damaged; delete it and draw the store again") from error
    maps = {name.removeprefix(_MAP): values for name, values in tensors.items() if name.startswith(_MAP)}
    plain = {name: values for name, values in tensors.items() if not name.startswith(_MAP)}
    return Example(**plain, maps=maps, identity=identity)
