"""Colours of skins, hair, irises and clothes, as sRGB values in [0, 255]."""

from __future__ import annotations

import numpy as np

from generator.face.face_params import Floats

SKINS = (
    (240, 198, 174), (231, 182, 152), (219, 168, 134), (205, 150, 114), (187, 130, 92), (160, 104, 69),
    (132, 83, 55), (105, 65, 44), (80, 50, 36), (62, 40, 30),
)  # fmt: skip
"""Skins of people from light to dark."""

CREATURES = (
    (122, 184, 122), (118, 150, 214), (184, 132, 200), (206, 106, 98), (108, 190, 190), (150, 156, 168),
    (218, 196, 120), (92, 104, 140),
)  # fmt: skip
"""Skins of creatures."""

HAIR = {
    "black": (26, 22, 22), "dark brown": (54, 37, 28), "brown": (90, 60, 40), "auburn": (116, 58, 36),
    "ginger": (172, 90, 46), "dark blond": (146, 112, 72), "blond": (204, 166, 110), "platinum": (224, 210, 182),
    "grey": (138, 137, 136), "white": (216, 214, 210),
}  # fmt: skip
HAIR_FANCY = {
    "pink": (232, 124, 170), "blue": (66, 104, 196), "teal": (46, 160, 162), "purple": (128, 84, 184),
    "green": (92, 162, 96), "red": (192, 48, 54), "silver": (196, 204, 220),
}  # fmt: skip
IRIS = {
    "brown": (96, 60, 32), "dark": (58, 36, 24), "hazel": (122, 94, 52), "green": (96, 130, 82),
    "blue": (92, 138, 178), "grey": (126, 140, 148), "amber": (164, 110, 44),
}  # fmt: skip
IRIS_FANCY = {
    "blue": (64, 130, 220), "green": (70, 170, 90), "violet": (136, 92, 200), "teal": (40, 164, 168),
    "amber": (206, 136, 40), "red": (186, 52, 56),
}  # fmt: skip
LIPSTICKS = ((168, 44, 58), (192, 92, 96), (150, 64, 72), (124, 36, 54), (202, 98, 110))
FRAMES = ((24, 24, 26), (92, 62, 34), (166, 138, 82), (146, 148, 152), (146, 34, 44), (34, 62, 118))
CLOTHES = (
    (232, 230, 226), (34, 36, 44), (44, 64, 110), (148, 44, 48), (66, 104, 76), (208, 168, 68), (110, 82, 138),
    (84, 132, 160), (196, 112, 92), (122, 122, 126), (226, 190, 170), (60, 84, 84), (176, 150, 120),
)  # fmt: skip


def skin_tone(tone: float) -> Floats:
    """Return the skin of a person (3,) for a tone in [0, 9], from light to dark."""
    table = np.array(SKINS, np.float32)
    return np.array([np.interp(tone, np.arange(len(table)), table[:, channel]) for channel in range(3)], np.float32)
