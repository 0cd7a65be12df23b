"""Draw the conditions of a clip's frames on demand, so that at most a window of them exists."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generator.errors import GenerationError
from generator.face.face_params import DriveSequence, FaceParams
from generator.network.conditions import expression_input
from generator.network.model import Conditions
from watermark import whole_file

Map = NDArray[np.uint8]
DrawMaps = Callable[[FaceParams], Mapping[str, Map]]


def picture_tensor(pictures: NDArray[np.uint8]) -> Tensor:
    """Convert pictures (N, H, W, 3) uint8 to (N, 3, H, W) in [-1, 1]."""
    return _tensor(pictures, 127.5, -1)


def condition_tensors(maps: Sequence[Mapping[str, Map]], moments: Sequence[FaceParams]) -> Conditions:
    """Return the conditions of N frames, from each frame's maps and parameters."""
    stacked = {name: np.stack([each[name] for each in maps]) for name in maps[0]}
    tensors = {
        name: picture_tensor(values) if name == "moved" else _tensor(values, 255, 0) for name, values in stacked.items()
    }
    return Conditions(tensors, torch.from_numpy(np.stack([expression_input(moment) for moment in moments])))


class ClipConditions:
    """Compute the conditions of any frames of a clip.

    Args:
        draw: Function that draws the maps of one moment.
        aligned: Motion that contains the moments.
        like: A tensor with the device and precision of the result.
        shelf: Folder to cache drawn maps, if frames are requested more than once; created if absent.
    """

    def __init__(self, draw: DrawMaps, aligned: DriveSequence, like: Tensor, shelf: Path | None = None) -> None:
        self._draw, self._aligned, self._like, self._shelf = draw, aligned, like, shelf
        self._shapes: dict[str, tuple[int, ...]] = {}
        if shelf is not None:
            shelf.mkdir(mode=0o700, exist_ok=True)

    def __call__(self, start: int, stop: int) -> Conditions:
        """Return the conditions of frames `start` to `stop` - 1."""
        moments = [self._aligned[index] for index in range(start, stop)]
        given = condition_tensors([self._maps(index) for index in range(start, stop)], moments)
        return given.to(self._like.device, self._like.dtype)

    def _maps(self, index: int) -> Mapping[str, Map]:
        if self._shelf is None:
            return self._draw(self._aligned[index])
        path = self._shelf / f"{index:06d}"
        if self._shapes and path.exists():
            with suppress(zlib.error, ValueError):  # a damaged file is drawn again
                return self._unpack(path)
        maps = self._draw(self._aligned[index])
        self._shapes = {name: values.shape for name, values in maps.items()}
        packed = zlib.compress(b"".join(values.tobytes() for values in maps.values()), 1)
        try:
            with whole_file(path) as part:
                part.write_bytes(packed)
        except OSError as error:
            raise GenerationError(
                f"{self._shelf.parent}: cannot be written ({error.strerror}); free space and run the same command "
                "again, it continues"
            ) from error
        return maps

    def _unpack(self, path: Path) -> Mapping[str, Map]:
        values = np.frombuffer(zlib.decompress(path.read_bytes()), np.uint8)
        maps, place = {}, 0
        for name, shape in self._shapes.items():
            count = int(np.prod(shape))
            maps[name] = values[place : place + count].reshape(shape)
            place += count
        return maps


def _tensor(pictures: NDArray[np.uint8], scale: float, shift: float) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / scale + shift
