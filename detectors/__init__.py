"""Detect manipulated faces: build, train, calibrate, save and run detectors on face crops.

This package imports no other package of the project. A detector must never see the watermark, because a detector that
reads the mark measures nothing about manipulation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from facetrail_lazy_door import lazy_door
from facetrail_torchvision import prepare_imports

prepare_imports()

if TYPE_CHECKING:
    from .adapters.opening import is_adapter
    from .augmentation.augment import AugmentConfig
    from .augmentation.self_blend import self_blend
    from .checkpoints import DetectorCard, detector_folder, load_detector, read_card, save_detector
    from .converters.converting import Conversion, TimmSettings, convert
    from .creation import create_detector
    from .errors import (
        BlendError,
        CheckpointError,
        CropError,
        DetectorError,
        TrainingError,
        UnknownDetectorError,
        WeightsError,
    )
    from .imagenet_weights import imagenet_file, install_imagenet
    from .interpretation.calibration import Calibration, fit_calibration
    from .interpretation.decision import Call, ConformalDecision
    from .interpretation.scope import Evidence, Gate, Scope, fit_gate, fit_scope
    from .interpretation.segments import FoundSegment, FrameScores, SegmentRule, find_segments, segments_above, smooth
    from .interpretation.thresholds import Thresholds, fit_thresholds
    from .interpretation.worlds import World, WorldGate, load_world_gate
    from .onnx_export import export_onnx
    from .preprocessing import crop_face, crop_square, fit_frames, frame_interpolation, no_crops
    from .recipe import TrainingSource
    from .registry import find_spec, list_detectors
    from .saliency import explain, localise
    from .scoring import Detector, Score, has_gradients
    from .spec import DetectorSpec
    from .training.checkpoint import EpochLog
    from .training.config import TrainConfig, TrainLog
    from .training.crop_sets import TrainingSet
    from .training.pair_sources import FaceSet, SelfBlends
    from .training.train import train_detector, train_self_blended
else:
    __getattr__ = lazy_door(__name__, __file__)

__all__ = [
    "AugmentConfig",
    "BlendError",
    "Calibration",
    "Call",
    "CheckpointError",
    "ConformalDecision",
    "Conversion",
    "CropError",
    "Detector",
    "DetectorCard",
    "DetectorError",
    "DetectorSpec",
    "EpochLog",
    "Evidence",
    "FaceSet",
    "FoundSegment",
    "FrameScores",
    "Gate",
    "Scope",
    "Score",
    "SegmentRule",
    "SelfBlends",
    "Thresholds",
    "TimmSettings",
    "TrainConfig",
    "TrainLog",
    "TrainingError",
    "TrainingSet",
    "TrainingSource",
    "UnknownDetectorError",
    "WeightsError",
    "World",
    "WorldGate",
    "convert",
    "create_detector",
    "crop_face",
    "crop_square",
    "detector_folder",
    "explain",
    "export_onnx",
    "find_segments",
    "find_spec",
    "fit_calibration",
    "fit_frames",
    "fit_gate",
    "fit_scope",
    "fit_thresholds",
    "frame_interpolation",
    "has_gradients",
    "imagenet_file",
    "install_imagenet",
    "is_adapter",
    "list_detectors",
    "load_detector",
    "load_world_gate",
    "localise",
    "no_crops",
    "read_card",
    "save_detector",
    "segments_above",
    "self_blend",
    "smooth",
    "train_detector",
    "train_self_blended",
]
