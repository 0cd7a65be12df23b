"""Puppets: procedural avatars whose every pixel has known face parameters."""

from .look import STYLES, Puppet, Style, restyle, sample_puppet
from .motion import sample_motion
from .render import PuppetFrame, landmark_box, render

__all__ = [
    "STYLES",
    "Puppet",
    "PuppetFrame",
    "Style",
    "landmark_box",
    "render",
    "restyle",
    "sample_motion",
    "sample_puppet",
]
