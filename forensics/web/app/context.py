"""Hold what all tabs share: one deployment, and a process that is started at its first use."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.execution.sandbox import MEBIBYTES, SECONDS, Limits
from forensics.faces import USUAL_FINDER, FinderChoice
from watermark import Deployment

from .sessions import Sessions

if TYPE_CHECKING:
    from forensics.execution.sandbox import FileHandler


@dataclass(slots=True, eq=False)
class AppContext:
    """The data that the tabs share.

    Attributes:
        deployment: The deployment that marks and signs, and whose marks are known.
        sessions: The open pages and their files.
        detector: The detector of the Examine tab; None chooses by each picture, as `examine` does.
        prepare: Function that prepares a process to examine files, from the deployment's folder, the detector, the
            anchors and the face finder.
        anchors: Further trusted root certificates (PEM).
        corpora: Corpus folders by displayed name.
        detectors: Detectors that can be evaluated, by displayed name: names of shipped ones, or folders of trained
            ones.
        results: Folder of the evaluations.
        face_finder: The choice of a face finder.
        limits: The limits of one examined file.
    """

    deployment: Deployment
    sessions: Sessions
    detector: str | None
    results: Path
    prepare: Callable[[Path, str | None, tuple[str, ...], FinderChoice], FileHandler]
    anchors: tuple[str, ...] = ()
    face_finder: FinderChoice = USUAL_FINDER
    limits: Limits = field(default_factory=lambda: Limits(SECONDS, MEBIBYTES))
    corpora: dict[str, Path] = field(default_factory=dict)
    detectors: dict[str, str] = field(default_factory=dict)
    _handler: FileHandler | None = None
    _started: ExitStack = field(default_factory=ExitStack)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def handler(self) -> FileHandler:
        """Return the handler that examines one file at a time in a separate process.

        Raises:
            DetectorError: The detector cannot be loaded.
        """
        from forensics.execution.sandbox import confined

        with self._lock:
            if self._handler is None:
                prepare = partial(self.prepare, self.deployment.folder, self.detector, self.anchors, self.face_finder)
                self._handler = self._started.enter_context(confined(prepare, self.limits))
            return self._handler

    def close(self) -> None:
        """Close the process that examines files."""
        self._started.close()
