"""Store the latents of a clip in a folder with a journal, so that memory is constant and a run can be resumed.

    lock          held while a run works here
    latents-0     float32 latents of all frames before even steps
    latents-1     and before odd ones: a step reads one file and writes the other, so it can be repeated
    done          one byte for each piece of work that is finished, written after its latents
    maps/         spatial maps of single frames, drawn once

The folder is readable by its owner only, and its name contains a digest of everything that determines the frames.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from generator.errors import GenerationError
from watermark import try_lock


class LatentStore:
    """Store the latents of one clip; `open_store` and `scratch_store` create stores.

    Args:
        folder: Existing folder of the store.
        shape: (C, g, g) of one frame's latent.
    """

    def __init__(self, folder: Path, shape: Sequence[int]) -> None:
        self.folder, self._shape = folder, tuple(shape)
        self._numbers = int(np.prod(self._shape))
        for name in ("latents-0", "latents-1", "done"):
            (folder / name).touch(mode=0o600)

    def read(self, step: int, start: int, stop: int) -> Tensor:
        """Return latents (stop - start, C, g, g) float32 in their state before a step.

        Raises:
            GenerationError: The latents are missing; the folder was damaged.
        """
        count = (stop - start) * self._numbers
        values = np.fromfile(self._latents(step), np.float32, count, offset=4 * start * self._numbers)
        if len(values) != count:
            raise GenerationError(f"{self.folder}: the unfinished work is damaged; start over with --fresh")
        return torch.from_numpy(values).view(-1, *self._shape)

    def write(self, step: int, start: int, latents: Tensor) -> None:
        """Write latents (N, C, g, g) float32 from frame `start` on, in their state before a step.

        Raises:
            GenerationError: The folder cannot be written.
        """
        self._put(self._latents(step), 4 * start * self._numbers, latents.contiguous().numpy().tobytes())

    def is_done(self, piece: int) -> bool:
        """Return whether a piece of work is finished."""
        done = (self.folder / "done").read_bytes()
        return piece < len(done) and done[piece] == 1

    def finish(self, piece: int) -> None:
        """Record that the latents of a piece of work are written.

        Raises:
            GenerationError: The folder cannot be written.
        """
        self._put(self.folder / "done", piece, b"\x01")

    def _latents(self, step: int) -> Path:
        return self.folder / f"latents-{step % 2}"

    def _put(self, path: Path, offset: int, content: bytes) -> None:
        try:
            with path.open("r+b") as file:
                file.seek(offset)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise GenerationError(
                f"{self.folder}: cannot be written ({error.strerror or error}); free space and run the same command "
                "again, it continues"
            ) from error


@contextmanager
def scratch_store(shape: Sequence[int]) -> Iterator[LatentStore]:
    """Yield a store that is deleted in the end."""
    with tempfile.TemporaryDirectory(prefix="facetrail-") as folder:
        yield LatentStore(Path(folder), shape)


@contextmanager
def open_store(out: Path, key: str, shape: Sequence[int], *, fresh: bool = False) -> Iterator[LatentStore]:
    """Yield the store of a piece of work, which is found again by its key.

    The store is removed when the block ends without an error, and where an error leaves nothing to resume from.

    Args:
        out: Path of the output; the store is beside it.
        key: Digest of everything that determines the latents.
        shape: (C, g, g) of one frame's latent.
        fresh: Whether the state of an interrupted run is discarded.

    Raises:
        GenerationError: Another process does the same work, or the folder cannot be created.
    """
    folder = out.parent / f".{out.name}.{key[:12]}.unfinished"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise GenerationError(
            f"{out}: nothing can be written beside it ({error.strerror}); choose a folder you may write to"
        ) from error
    with _locked(folder, out):
        if fresh:
            for name in ("done", "latents-0", "latents-1"):
                (folder / name).unlink(missing_ok=True)
            shutil.rmtree(folder / "maps", ignore_errors=True)
        store = LatentStore(folder, shape)
        try:
            yield store
        except BaseException:
            if not store.is_done(0):
                shutil.rmtree(folder)
            raise
        shutil.rmtree(folder)


@contextmanager
def _locked(folder: Path, out: Path) -> Iterator[None]:
    """Lock the folder; the system releases the lock when the process ends, in whatever way it ends."""
    with (folder / "lock").open("w") as file:
        if not try_lock(file.fileno()):
            raise GenerationError(f"{out}: another process is generating it; wait until it ends")
        yield
