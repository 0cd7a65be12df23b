"""What the page works with: one deployment, and models that are loaded once, when first needed."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from watermark import Deployment

from .visits import Visits

if TYPE_CHECKING:
    from generator import Animator

    from ..examining.examination import Examiner


@dataclass(slots=True, eq=False)
class Workbench:
    """Everything that the tabs share.

    Attributes:
        deployment: Who marks and signs, and whose marks are known.
        visits: The open pages and their files.
        detector: What scores on the Examine tab, and stands first on the Evaluate tab.
        anchors: More root certificates (PEM) that are trusted.
        corpora: Corpus folders, by the name they are shown under.
        detectors: Detectors that can be evaluated: names of shipped ones, or folders of trained ones, by the name they
            are shown under.
        results: Where evaluations are kept.
    """

    deployment: Deployment
    visits: Visits
    detector: str
    results: Path
    anchors: tuple[str, ...] = ()
    corpora: dict[str, Path] = field(default_factory=dict)
    detectors: dict[str, str] = field(default_factory=dict)
    _animator: Animator | None = None
    _examiner: Examiner | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def animator(self) -> Animator:
        """Return the shipped generator.

        Raises:
            WeightsError: Its weights are missing or damaged.
        """
        from ..forger import load_animator

        with self._lock:
            if self._animator is None:
                self._animator = load_animator()
            return self._animator

    def examiner(self) -> Examiner:
        """Return what examines files.

        Raises:
            DetectorError: The detector cannot be loaded.
        """
        from ..examining.examination import Examiner

        with self._lock:
            if self._examiner is None:
                self._examiner = Examiner(self.deployment, self.detector, self.anchors)
            return self._examiner
