"""Write a run's losses, rates, measures and pictures for TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from generator.errors import MissingPackageError

from .validation import Judgement


class RunLog:
    """Write events to a run's folder.

    Args:
        folder: Folder of the run; None writes nothing, which all processes except the first use.
        step: Step from which the log of an interrupted run is replaced.

    Raises:
        MissingPackageError: tensorboard is not installed.
    """

    def __init__(self, folder: Path | None, step: int) -> None:
        self._writer = None
        if folder is None:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise MissingPackageError(
                "training logs to tensorboard; get it with: pip install 'facetrail[train]'"
            ) from None
        self._writer = SummaryWriter(str(folder / "log"), purge_step=step + 1 if step else None)

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Write numbers by name."""
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)

    def judgement(self, name: str, judgement: Judgement, step: int) -> None:
        """Write the result of validation on one set of held-out faces."""
        self.scalars({f"{metric}/{name}": value for metric, value in judgement.metrics.items()}, step)
        if self._writer is not None:
            self._writer.add_image(f"source, truth, ours/{name}", judgement.picture, step, dataformats="HWC")
            self._writer.flush()

    def close(self) -> None:
        """Finish the event file."""
        if self._writer is not None:
            self._writer.close()
