"""Hold the error tree of the detectors room.

```
DetectorError
├── UnknownDetectorError     a name that no spec carries
├── CropError                crops or boxes that break the crop contract
├── WeightsError             pretrained weights that are absent or of another network
├── CheckpointError          a folder that cannot be loaded, saved or resumed
├── TrainingError            data that cannot be trained on, or a run that diverged
└── BlendError               a picture or landmarks that cannot be self-blended
```
"""

from __future__ import annotations


class DetectorError(Exception):
    """Report anything that went wrong in this room; catch this one outside."""


class UnknownDetectorError(DetectorError):
    """Report a detector name that the registry does not hold."""


class CropError(DetectorError):
    """Report crops, boxes or pictures that break the crop contract."""


class WeightsError(DetectorError):
    """Report pretrained weights that are absent or do not fit, or a backbone that timm cannot build."""


class CheckpointError(DetectorError):
    """Report a checkpoint folder that is absent, damaged, untrusted or made for another contract."""


class TrainingError(DetectorError):
    """Report data that cannot be trained on, or a training run whose loss left the finite numbers."""


class BlendError(DetectorError):
    """Report a picture or landmarks from which no self-blended pair can be made."""
