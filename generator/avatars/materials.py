"""Name the materials of an avatar's picture; every pixel of a rendered frame has exactly one."""

from __future__ import annotations

BACKGROUND, SKIN, LIPS, BROWS, MOUTH, LEFT_EYE, RIGHT_EYE, LEFT_IRIS, RIGHT_IRIS = range(9)
TEETH, TONGUE, HAIR, BEARD, LASHES, GLASSES, CLOTHES, COLLAR, HAT, JEWELLERY, HORNS, HAND = range(9, 21)

MATERIALS = (
    "background", "skin", "lips", "brows", "mouth", "left_eye", "right_eye", "left_iris", "right_iris",
    "teeth", "tongue", "hair", "beard", "lashes", "glasses", "clothes", "collar", "hat", "jewellery", "horns", "hand",
)  # fmt: skip
"""Names by number. An eye is the sclera without its iris; the mouth is its inside without teeth and tongue; the skin
includes lids and ears, but neither lips nor brows."""

TWO_SIDED = (HAIR, BEARD, LASHES, GLASSES, COLLAR, HAT, JEWELLERY, TEETH)
"""Materials of open surfaces, which are drawn from both sides."""
