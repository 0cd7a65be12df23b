"""Keep scenes of avatars on disk: they are drawn, tracked and moved once, and read in every pass of a training."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from generator.errors import TrainingError
from generator.face.face_params import ARKIT_EXPRESSION
from generator.geometry import GUIDES, TURNS
from generator.trackers import Tracker, load_tracker
from watermark import read_arrays

from .avatar_casting import Casting, avatars_digest
from .avatar_scenes import Scene, avatar_scene

Progress = Callable[[int, int], None]
"""Progress callback; receives the number of finished scenes and of all."""

_REFUSED = b"no face found"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of scenes, one file per avatar.

    Attributes:
        folder: The folder.
        casting: The avatars.
        size: Side of the pictures. targets: Frames of a scene beside its source.
    """

    folder: Path
    casting: Casting
    size: int
    targets: int

    @staticmethod
    def below(cache: Path, casting: Casting, size: int, targets: int) -> Shelf:
        """Return the shelf of these avatars in a cache; other code that draws them has another one."""
        name = f"avatars-{avatars_digest()[:12]}-{casting.seed}-{'-'.join(casting.styles)}-{size}-{targets}"
        return Shelf(cache / name, casting, size, targets)

    def path(self, number: int) -> Path:
        """Return the file of a scene."""
        return self.folder / f"{number:06d}.npz"

    def missing(self, count: int) -> list[int]:
        """Return the numbers below `count` whose scenes have not been drawn."""
        return [number for number in range(count) if not self.path(number).exists()]

    def fill(self, count: int, progress: Progress, workers: int = 1) -> None:
        """Draw the missing scenes below `count`; an interrupted run continues where it was.

        Raises:
            TrainingError: The folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(
                f"{self.folder}: cannot be written ({error.strerror}); choose another --cache"
            ) from error
        left = self.missing(count)
        for done, _ in enumerate(self._drawn(left, workers), count - len(left) + 1):
            progress(done, count)

    def _drawn(self, numbers: list[int], workers: int) -> Iterable[None]:
        if workers <= 1 or len(numbers) < 2:
            yield from map(self.draw, numbers)
            return
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
            yield from pool.map(self.draw, numbers)

    def draw(self, number: int) -> None:
        """Draw one scene to disk, or a note that the tracker finds no face in it."""
        rng = np.random.default_rng((self.casting.seed, number))
        scene = avatar_scene(self.casting.avatar(number), _tracker(), self.size, self.targets, rng)
        part = self.path(number).with_suffix(".part")
        try:
            if scene is None:
                part.write_bytes(_REFUSED)
            else:
                with part.open("wb") as file:
                    np.savez(file, **scene.arrays())  # type: ignore[arg-type]
            part.replace(self.path(number))
        except OSError as error:
            part.unlink(missing_ok=True)
            raise TrainingError(f"{part}: cannot be written ({error.strerror}); free space and run it again") from error

    def usable(self, count: int) -> list[int]:
        """Return the numbers below `count` whose scenes show a face that the tracker found.

        Raises:
            TrainingError: There is none.
        """
        found = [
            number for number in range(count)
            if self.path(number).exists() and self.path(number).stat().st_size != len(_REFUSED)
        ]  # fmt: skip
        if not found:
            raise TrainingError(f"{self.folder}: no scene of an avatar is there; draw them first")
        return found

    def read(self, number: int) -> Scene:
        """Read a scene.

        Raises:
            TrainingError: The file is damaged.
        """
        path = self.path(number)
        try:
            scene = Scene(**read_arrays(path))
            self._check(scene)
        except (OSError, ValueError, TypeError) as error:
            raise TrainingError(f"{path}: is no scene of an avatar ({error}); delete it, it is drawn again") from error
        return scene

    def _check(self, scene: Scene) -> None:
        """Raise ValueError where an array is not what `Scene` says."""
        side, frames = self.size, self.targets
        pictures = (frames, side, side)
        expected = {
            "source": (side, side, 3), "target": (*pictures, 3), "moved": (*pictures, 3),
            "guides": (*pictures, len(GUIDES)), "turned": (frames, side // 2, side // 2, TURNS), "labels": pictures,
            "expression": (frames, len(ARKIT_EXPRESSION) + 2),
        }  # fmt: skip
        for name, values in scene.arrays().items():
            kind = np.float32 if name == "expression" else np.uint8
            if values.shape != expected[name] or values.dtype != kind:
                raise ValueError(f"{name} is {values.dtype} {values.shape}, expected {kind.__name__} {expected[name]}")


@lru_cache(maxsize=1)
def _tracker() -> Tracker:
    return load_tracker("arkit")


def _one_thread() -> None:
    cv2.setNumThreads(1)
