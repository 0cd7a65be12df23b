"""Define the error tree of the detectors package.

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
    """Base of every error this package raises on purpose; callers outside catch this one."""


class UnknownDetectorError(DetectorError):
    """A detector name is not in the registry."""


class CropError(DetectorError):
    """Crops, boxes or pictures break the crop contract."""


class WeightsError(DetectorError):
    """Pretrained weights are absent or do not fit, or timm cannot build the backbone."""


class CheckpointError(DetectorError):
    """A checkpoint folder is absent, damaged, untrusted or made for another contract."""


class TrainingError(DetectorError):
    """Data cannot be trained on, or the loss of a training run is not finite."""


class BlendError(DetectorError):
    """A picture or its landmarks cannot be used to build a self-blended pair."""
