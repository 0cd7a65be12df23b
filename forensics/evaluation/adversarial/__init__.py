"""Attack detectors with small changes of the pixels, to measure how far their scores can be trusted.

This package serves the evaluation of detectors on research pictures. The attacks use networks, never marks or
signatures: this package has no access to a mark's key or reader, and nothing in it is tuned against our own provenance.
"""

from .attack import METHODS, QUERIES, STEPS, Attack, attack_frames
from .crop import PixelCrop, aligned_crop, pixel_crop, upright_crop
from .ladder import EPSILONS, AttackPlan, measure_attacks
from .square import square_attack

__all__ = [
    "EPSILONS",
    "METHODS",
    "QUERIES",
    "STEPS",
    "Attack",
    "AttackPlan",
    "PixelCrop",
    "aligned_crop",
    "attack_frames",
    "measure_attacks",
    "pixel_crop",
    "square_attack",
    "upright_crop",
]
