"""Build what of an avatar is the same in all frames: head, skin, irises, hair, clothes and accessories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from generator.face.face_params import Floats
from generator.face.raster import vertex_normals

from . import accessories
from .accessories import Props
from .colours import linear, mix, smooth
from .facets import few_faces
from .hair import FINE, LOCKS, SHARP, SOFT, Fineness, Ribbons, bound_below, make_beard, make_hair
from .head import AvatarHead, NeutralHead, avatar_head
from .irises import paint_iris
from .look import Look
from .materials import CLOTHES, COLLAR, GLASSES, HAND, HAT, HORNS, JEWELLERY, MATERIALS
from .scalp import CENTRE, Scalp
from .scene import Body, border
from .shapes import HeadShape
from .skin import paint_skin
from .skin_chart import to_chart
from .styles import KINDS, Style
from .surface import SurfaceStyle

_FINENESS: Mapping[Style, Fineness] = {
    "real": FINE, "paint": FINE, "sketch": FINE, "cartoon": LOCKS, "comic": LOCKS, "flat": LOCKS, "anime": SHARP,
    "pixel": LOCKS, "clay": SOFT, "lowpoly": SHARP,
}  # fmt: skip
_DRAWN = ("anime", "comic", "flat", "pixel")


@dataclass(frozen=True, slots=True)
class Model:
    """An avatar ready to be posed and drawn.

    Attributes:
        head: The head model.
        body: Geometry at rest.
        chart: The painted skin.
        iris: The painted iris.
        palette: Linear colours by material, then hair's roots and tips, the sclera and the second cloth.
        surface: Numbers that colours depend on.
    """

    head: AvatarHead
    body: Body
    chart: Floats
    iris: Floats
    palette: Floats
    surface: SurfaceStyle


def _palette(look: Look) -> Floats:
    outfit = look.outfit
    colours = np.full((len(MATERIALS) + 4, 3), 0.5, np.float32)
    colours[CLOTHES], colours[COLLAR] = linear(outfit.colours[0]), linear(outfit.colours[0])
    if outfit.collar == "scarf":
        colours[COLLAR] = linear(outfit.colours[1])
    colours[GLASSES], colours[HAT] = linear(outfit.glasses_colour), linear(outfit.hat_colour)
    colours[JEWELLERY], colours[HORNS] = linear(outfit.earring_colour), linear(outfit.horn_colour)
    colours[HAND] = linear(look.complexion.skin) * np.array([0.88, 0.82, 0.82], np.float32)
    if look.hair is None:
        roots = tips = linear(look.complexion.brows)
    else:
        first, second = (linear(colour) for colour in look.hair.colours)
        roots, tips = first * 0.68, np.clip(second * 1.1 + 0.008, 0, 0.95)
    colours[-4], colours[-3] = roots, tips
    colours[-2], colours[-1] = linear(look.eyes.sclera) * 0.88, linear(outfit.colours[1])
    return colours


def _surface_style(style: Style, look: Look) -> SurfaceStyle:
    relief, gloss, rough, wrap, dents = {
        "real": (1.0, 1.5, 0.40, 0.38, 0.0), "paint": (1.0, 1.5, 0.40, 0.38, 0.0),
        "sketch": (1.0, 1.0, 0.40, 0.38, 0.0), "cartoon": (0.5, 1.25, 0.42, 0.50, 0.0),
        "clay": (0.0, 0.35, 0.55, 0.40, 0.8), "lowpoly": (0.0, 0.2, 0.55, 0.30, 0.0),
    }.get(style, (0.0, 0.0, 0.5, 0.3, 0.0))  # fmt: skip
    outfit = look.outfit
    high = {"turtleneck": 0.16, "shirt": 0.10, "scarf": 0.05}.get(outfit.collar, 0.0)
    dip = 0.42 if outfit.collar == "v-neck" else 0.16 if outfit.collar == "shirt" else 0.05
    return SurfaceStyle(
        neckline=-1.34 - outfit.neckline + high, neck_dip=dip, neck_width=0.32, pattern=outfit.pattern,
        iris=look.eyes.size, relief=relief, gloss=gloss, rough=rough, wrap=wrap, dents=dents,
        plain=style in ("flat", "pixel"),
    )  # fmt: skip


def _hair_weight(points: Floats) -> Floats:
    """Return how far points of hair turn with the head: like the skin beside them."""
    return smooth(-1.5, -0.9, points[:, 1])


def _props(look: Look, head: AvatarHead, neutral: NeutralHead, skin: Floats, normals: Floats, scalp: Scalp,
           room: float, collar: float, feminine: bool) -> tuple[Props, ...]:  # fmt: skip
    outfit, masks = look.outfit, head.masks
    lobes = []
    for side in (1, -1):
        ear = skin[(masks["ears"] > 0.6) & (skin[:, 0] * side > 0)]
        low = ear[ear[:, 1] < np.quantile(ear[:, 1], 0.06)]
        lobes.append(low[np.argmax(low[:, 0] * side + 0.3 * low[:, 2])])
    points = head.mesh_points_of(neutral, head.expressed(neutral, head.layout.neutral()))
    ears = skin[masks["ears"] > 0.5]
    temple = float(np.quantile(np.abs(ears[:, 0]), 0.35))
    made = [
        accessories.glasses(outfit, neutral.eyes, points[6], temple) if outfit.glasses else None,
        accessories.hat(outfit, scalp, room),
        accessories.earrings(outfit, (lobes[0], lobes[1])),
        accessories.horns(outfit, scalp),
        accessories.hand(outfit, points[152], feminine),
        accessories.collar(outfit, skin, normals, collar),
    ]
    return tuple(prop for prop in made if prop is not None)


def build_model(seed: int, style: Style, shape: HeadShape, look: Look) -> Model:
    """Build an avatar's model; the same arguments give the same model.

    Args:
        seed: Of hair, skin and irises.
        style: The style, which sets how fine hair is and how even the skin.
        shape: The head's shape.
        look: The look.
    """
    rng, head, kind = np.random.default_rng([seed, 7]), avatar_head(), KINDS[style]
    neutral = shape.build(head)
    part, canonical = head.parts["skin"], head.canonical[head.parts["skin"]]
    skin = head.assemble(neutral, head.expressed(neutral, head.layout.neutral()))[part]
    faces = head.skin.triangles
    normals = vertex_normals(skin, faces)
    scalp = Scalp.of(skin, normals, head.masks["ears"])
    flatness = 1.0 if style in _DRAWN else {"real": 0.0, "cartoon": 0.72, "anime": 1.0}[kind]
    painted = paint_skin(rng, look.complexion, look.hair, flatness)
    numbers = _surface_style(style, look)

    hair, room = None, 0.02
    if look.hair is not None:
        hair = make_hair(rng, skin, normals, canonical, faces, scalp, look.hair, _FINENESS[style])
        room = 0.09 if look.hair.cut != "buzz" else 0.03
        if look.outfit.hat in ("beanie", "cap", "brim"):
            hair = _under_hat(hair, scalp, look.outfit.hat, room)
    beard = None
    if look.complexion.stubble > 0.7 and kind != "anime":
        column, row = (to_chart(canonical)[:, axis].astype(int) for axis in (0, 1))
        density = painted.beard[row, column] * (canonical[:, 1] > -1.2) * (head.masks["inside_mouth"] < 0.1)
        length = 0.05 + 0.14 * (look.complexion.stubble - 0.7)
        beard = make_beard(rng, canonical, faces, density, length, _FINENESS[style])

    near = numbers.neckline - numbers.neck_dip * np.exp(-((canonical[:, 0] / numbers.neck_width) ** 2)) * smooth(
        -1.2, -0.6, canonical[:, 2]
    )
    cloth = smooth(-0.01, 0.035, near - canonical[:, 1]) * 0.05
    drawn = few_faces() if style == "lowpoly" else faces
    rim = border(drawn)
    rim = rim[canonical[rim].max(1)[:, 1] < -1.6]
    level = float(np.median(skin[np.abs(canonical[:, 1] - numbers.neckline) < 0.05, 1]))
    body = Body(
        neutral=neutral,
        hair=hair,
        hair_weight=_hair_weight(hair.points) if hair is not None else np.zeros(0, np.float32),
        beard=beard,
        props=_props(look, head, neutral, skin, normals, scalp, room, level, shape.feminine),
        lashes=min(1.0, look.eyes.lashes) if style != "lowpoly" else 0.0,
        cloth=cloth.astype(np.float32),
        rim=rim,
        soft_normals=style in _DRAWN,
        faceted=style == "lowpoly",
        faces=drawn,
    )
    palette = _palette(look)
    if style in ("anime",):
        palette[-2] = mix(palette[-2], np.ones(3), 0.3)
    return Model(head, body, painted.chart, paint_iris(rng, look.eyes, kind), palette, numbers)


def _under_hat(hair: Ribbons, scalp: Scalp, hat: str, room: float) -> Ribbons:
    directions = hair.points - CENTRE
    directions = directions / np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-6)
    return bound_below(hair, scalp, accessories.rim_height(hat, directions), room)
