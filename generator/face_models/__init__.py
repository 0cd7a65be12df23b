"""Face models: surfaces that follow from shape and expression coefficients."""

from .protocol import FaceModel
from .puppet_head import PuppetHead, puppet_head

__all__ = ["FaceModel", "PuppetHead", "puppet_head"]
