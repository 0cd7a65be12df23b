"""Define the errors of the generator package.

    GeneratorError
    ├── FaceModelError               a face model's file, or numbers of another face model, cannot be used
    ├── GenerationError              a clip cannot be generated as asked
    ├── MotionFileError              a saved motion cannot be read
    ├── TrainingError                a training run cannot start, continue or go on
    ├── WeightsError                 model files are missing, damaged or of another layout
    │   └── ImportRefusedError       published files do not fit (in `importers/part.py`, with its reports)
    └── TrackerError                 no parameters could be read from a picture
        ├── ModelFilesError          the tracker's model files are absent, altered or cannot be installed
        ├── MissingPackageError      an optional package is not installed
        └── NoFaceError              no face was found where one is needed

Every message is one line: the value met, what was expected, and what to do next.
"""

from __future__ import annotations


class GeneratorError(Exception):
    """Base of all errors of this package."""


class TrackerError(GeneratorError):
    """No face parameters could be read from a picture or a clip."""


class ModelFilesError(TrackerError):
    """A model file is absent, does not match its checksum, or cannot be fetched or written."""


class MissingPackageError(TrackerError):
    """A package that the tracker needs is not installed."""


class NoFaceError(TrackerError):
    """No face was found; the message names what was tried and the remaining choices."""


class FaceModelError(GeneratorError):
    """A face model's file cannot be used, or parameters do not belong to the face model they are given to."""


class GenerationError(GeneratorError):
    """A clip cannot be generated as asked: a setting is out of range, numbers overflow, or its folder is in use."""


class MotionFileError(GeneratorError):
    """A saved motion cannot be read."""


class TrainingError(GeneratorError):
    """A training run cannot start, resume or continue: its settings, data, checkpoint or loss are not usable."""


class WeightsError(GeneratorError):
    """Model files are missing, damaged or of another layout."""
