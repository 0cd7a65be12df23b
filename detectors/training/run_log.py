"""Write the course of a training run for TensorBoard, where this is requested and installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from detectors.errors import TrainingError

from .checkpoint import EpochLog


class RunLog:
    """Write loss and validation AUC of every epoch to a folder, or nothing."""

    def __init__(self, folder: Path | None) -> None:
        """Open the log.

        Args:
            folder: Log folder of TensorBoard; None writes nothing.

        Raises:
            TrainingError: The package tensorboard is not installed.
        """
        self._writer: Any = None
        if folder is None:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise TrainingError("log_folder needs tensorboard; get it with: pip install 'facetrail[train]'") from None
        self._writer = SummaryWriter(str(folder))

    def add(self, entry: EpochLog) -> None:
        """Write one epoch."""
        if self._writer is not None:
            self._writer.add_scalar("loss/training", entry.loss, entry.epoch)
            self._writer.add_scalar("auc/frame/validation", entry.validation_auc, entry.epoch)

    def __enter__(self) -> Self:
        """Return the open log."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the log."""
        if self._writer is not None:
            self._writer.close()
