"""Turn hair into triangles: a cap that covers the scalp, ribbons for strands, and beards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.face.face_params import Floats
from generator.face.raster import Ints, vertex_normals

from .colours import smooth, unit
from .hair_growth import grow, scalp_weight, scatter_roots, tie
from .look import Hair
from .scalp import CENTRE, Scalp


@dataclass(frozen=True, slots=True)
class Fineness:
    """How hair is made for a kind of style.

    Attributes:
        strands: Number of ribbons on a full head.
        width: Half the width of a ribbon.
        columns: Points across a ribbon; 2 is flat.
        clump: How far strands gather, in [0, 1].
        guides: Number of groups.
        taper: How thin tips are, in [0, 1].
        bulge: Height of a ribbon's middle beside its half width.
    """

    strands: int
    width: float
    columns: int
    clump: float
    guides: int
    taper: float
    bulge: float


FINE = Fineness(4200, 0.0105, 2, 0.40, 170, 0.75, 0.35)
LOCKS = Fineness(900, 0.034, 3, 0.55, 80, 0.9, 0.4)
SHARP = Fineness(240, 0.105, 3, 0.30, 80, 0.97, 0.45)
SOFT = Fineness(230, 0.095, 3, 0.35, 110, 0.6, 0.9)


@dataclass(frozen=True, slots=True)
class Ribbons:
    """Triangles of hair in head space.

    Attributes:
        points: (P, 3) and `faces` (T, 3).
        faces: Triangles.
        normals: (P, 3) those of the hair as a whole, not of single ribbons.
        tangents: (P, 3) along the strand.
        along: (P,) 0 at the root, 1 at the tip.
        tint: (P,) a value in [0, 1] for each strand.
    """

    points: Floats
    faces: Ints
    normals: Floats
    tangents: Floats
    along: Floats
    tint: Floats

    def joined(self, other: Ribbons) -> Ribbons:
        """Return both together."""
        faces = np.concatenate([self.faces, other.faces + len(self.points)]).astype(np.int32)
        pairs = (
            (self.points, other.points), (self.normals, other.normals), (self.tangents, other.tangents),
            (self.along, other.along), (self.tint, other.tint),
        )  # fmt: skip
        points, normals, tangents, along, tint = (np.concatenate(pair) for pair in pairs)
        return Ribbons(points, faces, normals, tangents, along, tint)


def ribbons(strands: Floats, tint: Floats, fine: Fineness, centre: Floats = CENTRE) -> Ribbons:
    """Widen strands (S, K, 3) to ribbons that face away from `centre`; `tint` is (S,)."""
    count, steps, _ = strands.shape
    along = unit(np.gradient(strands, axis=1))
    outwards = unit(strands - centre)
    across = unit(np.cross(along, outwards))
    facing = unit(np.cross(across, along))
    facing = facing * np.where((facing * outwards).sum(-1, keepdims=True) < 0, -1, 1)
    share = np.linspace(0, 1, steps)[None]
    length = np.linalg.norm(np.diff(strands, axis=1), axis=2).sum(1)
    width = fine.width * np.minimum(1, 0.5 + 3 * share) * (1 - fine.taper * share**2.2)
    width = width * (0.8 + 0.4 * tint[:, None]) * np.clip(length / (5 * fine.width), 0.35, 1)[:, None]
    columns = np.linspace(-1, 1, fine.columns)
    points = [
        strands + across * (width * x)[..., None] + facing * (width * (fine.bulge * (1 - x * x) - 0.15))[..., None]
        for x in columns
    ]
    normals = [unit(0.55 * outwards + 0.45 * facing + across * x * fine.bulge * 1.8) for x in columns]
    index = np.arange(count * steps * fine.columns).reshape(count, steps, fine.columns)
    a, b, c, d = index[:, :-1, :-1], index[:, :-1, 1:], index[:, 1:, 1:], index[:, 1:, :-1]
    faces = np.concatenate([np.stack(corner, -1).reshape(-1, 3) for corner in ((a, b, c), (a, c, d))])

    def spread(values: Floats) -> Floats:
        return np.broadcast_to(values, (count, steps, fine.columns)).reshape(-1).astype(np.float32)

    return Ribbons(
        points=np.stack(points, 2).reshape(-1, 3).astype(np.float32),
        faces=faces.astype(np.int32),
        normals=np.stack(normals, 2).reshape(-1, 3).astype(np.float32),
        tangents=np.repeat(along[:, :, None], fine.columns, 2).reshape(-1, 3).astype(np.float32),
        along=spread(share[..., None]),
        tint=spread(tint[:, None, None]),
    )


def cap(
    points: Floats, normals: Floats, canonical: Floats, faces: Ints, hair: Hair, thickness: float, fine: bool
) -> Ribbons:
    """Cover the scalp below the strands, so that no skin shows between them.

    Args:
        points: (P, 3) skin of the head without expression; `normals` and `canonical` belong to it.
        normals: (P, 3).
        canonical: (P, 3).
        faces: (F, 3).
        hair: The cut.
        thickness: Height above the skin where the hair is full.
        fine: Whether the strands are single hairs, to whose colour the cap is matched.
    """
    weight = scalp_weight(canonical, hair)
    chosen = faces[(weight[faces].min(1) > 0) & (canonical[faces[:, 0], 1] > -0.9)]
    used, inverse = np.unique(chosen, return_inverse=True)
    height = thickness * weight[used]
    placed = points[used] + normals[used] * (height - 0.004)[:, None]
    swept = np.array([0, -0.55, -0.85], np.float32) + np.sign(placed[:, :1] - hair.part) * np.array([0.6, 0, 0])
    tangents = unit(swept - normals[used] * (swept * normals[used]).sum(1, keepdims=True))
    streak = np.sin(np.arctan2(canonical[used, 0], canonical[used, 2] + 0.65) * 40) * np.sin(canonical[used, 1] * 9)
    local = inverse.reshape(-1, 3).astype(np.int32)
    return Ribbons(
        placed.astype(np.float32), local, vertex_normals(placed, local), tangents,
        np.full(len(used), 0.30 if fine else 0.10, np.float32), (0.4 + 0.2 * streak).astype(np.float32),
    )  # fmt: skip


def make_hair(
    rng: np.random.Generator, points: Floats, normals: Floats, canonical: Floats, faces: Ints, scalp: Scalp,
    hair: Hair, fine: Fineness,
) -> Ribbons:  # fmt: skip
    """Grow a head's hair on its skin without expression."""
    tied, soft = hair.cut in ("pony", "bun"), fine.bulge > 0.8
    thickness = {"buzz": 0.02, "afro": 0.30, "pony": 0.03, "bun": 0.03, "mohawk": 0.05}.get(hair.cut, 0.05)
    if tied and fine.columns == 2:
        thickness = 0.008  # single hairs lie flat, and the cap must not hide them
    base = cap(points, normals, canonical, faces, hair, thickness + 0.02 * soft, fine.columns == 2)
    count = {"afro": int(fine.strands * 1.4), "buzz": fine.strands if fine.columns == 2 else 0}.get(
        hair.cut, fine.strands
    )
    if not count:
        return base
    roots = scatter_roots(rng, points, normals, canonical, faces, hair, count)
    steps = (13 if fine.columns == 2 else 11) if hair.cut in ("long", "curly", "afro", "pony") else 9
    if tied:
        strands = tie(rng, roots, hair, scalp, steps)
    else:
        clump = fine.clump + (0.2 if fine is FINE and hair.cut in ("long", "curly", "bob") else 0)
        strands = grow(rng, roots, hair, scalp, steps, fine.guides, clump)
    return base.joined(ribbons(strands, rng.random(len(strands)).astype(np.float32), fine))


@dataclass(frozen=True, slots=True)
class Beard:
    """Roots of a beard, which moves with the skin.

    Attributes:
        corners: (B, 3) vertices of the skin round each root, and `weights` (B, 3) their shares.
        weights: Shares that sum to 1.
        tint: (B,) a value in [0, 1] for each hair.
        jitter: (B, 3) change of direction.
        length: (B,) of each hair.
        sideways: (B,) how far hairs of the moustache point away from the middle; 0 elsewhere.
        fine: Width of the hairs.
    """

    corners: Ints
    weights: Floats
    tint: Floats
    jitter: Floats
    length: Floats
    sideways: Floats
    fine: Fineness


def make_beard(
    rng: np.random.Generator, canonical: Floats, faces: Ints, density: Floats, length: float, fine: Fineness
) -> Beard | None:
    """Choose roots where the density (P,) at the skin's vertices is high; None where there are none."""
    growing = np.flatnonzero(density[faces].min(1) > 0.4)
    if not len(growing):
        return None
    count = 1900 if fine.columns == 2 else 1000
    corners = faces[rng.choice(growing, count)]
    place = canonical[corners[:, 0]]
    lip = (place[:, 1] > -0.62) & (np.abs(place[:, 0]) < 0.34)
    return Beard(
        corners=corners,
        weights=rng.dirichlet([1, 1, 1], count).astype(np.float32),
        tint=rng.random(count).astype(np.float32),
        jitter=rng.normal(0, 0.25, (count, 3)).astype(np.float32),
        length=(length * np.where(lip, 0.55, 1.0) * rng.uniform(0.6, 1.0, count)).astype(np.float32),
        sideways=(np.sign(place[:, 0]) * lip).astype(np.float32),
        fine=Fineness(count, 0.010 if fine.columns == 2 else 0.035, fine.columns, 0, 0, 0.8, 0.3),
    )


def beard_ribbons(beard: Beard, skin: Floats, normals: Floats, turn: Floats) -> Ribbons:
    """Grow a beard on posed skin (P, 3); `turn` (3, 3) is the head's rotation."""
    shares = beard.weights[:, :, None]
    root: Floats = (skin[beard.corners] * shares).sum(1)
    normal = unit((normals[beard.corners] * shares).sum(1))
    lip = np.abs(beard.sideways)[:, None]
    down = turn @ np.array([0, -1, 0.1], np.float32)
    heading: Floats = normal * (0.55 - 0.25 * lip) + down * (1 - 0.45 * lip)
    heading = unit(heading + beard.sideways[:, None] * 1.1 * turn[:, 0] + beard.jitter * 0.5)
    share = np.linspace(0, 1, 4, dtype=np.float32)[None, :, None]
    reach = beard.length[:, None, None]
    strands = root[:, None] + heading[:, None] * reach * share + down * reach * 0.25 * share**2
    made = ribbons(strands.astype(np.float32), beard.tint, beard.fine, root.mean(0) - turn[:, 2] * 0.8)
    blended = unit(made.normals * 0.3 + np.repeat(normal, 4 * beard.fine.columns, 0))
    return Ribbons(made.points, made.faces, blended, made.tangents, made.along * 0.6 + 0.3, made.tint)


def bound_below(hair: Ribbons, scalp: Scalp, lowest: Floats, thickness: float) -> Ribbons:
    """Press hair under a hat: points higher than the hat's rim come no further out than `thickness`.

    Args:
        hair: The hair.
        scalp: The head.
        lowest: (P,) height of the rim in the direction of each point of the hair.
        thickness: Room between skin and hat.
    """
    offset = hair.points - CENTRE
    length = np.linalg.norm(offset, axis=1)
    directions = unit(offset)
    covered = smooth(-0.02, 0.06, directions[:, 1] - lowest)
    pressed = np.minimum(length, scalp.radius(directions) + thickness)
    length = length * (1 - covered) + pressed * covered
    return Ribbons(
        (CENTRE + directions * length[:, None]).astype(np.float32), hair.faces, hair.normals, hair.tangents,
        hair.along, hair.tint,
    )  # fmt: skip
