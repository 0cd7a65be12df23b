"""Forge portraits in every way that the toolkit forges photographs, each beside its untouched twin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
import torch

from detectors import DetectorSpec, crop_square
from detectors.augmentation.hulls import FAMILIES, draw_hull
from detectors.augmentation.self_blend import blend_face, soften, warp_elastically
from forensics.faces import Faces
from forensics.synthesis.forgeries import (
    EYES,
    MOUTH,
    Footage,
    bend,
    edit_region,
    hull,
    lay_over,
    open_codec,
    swap_faces,
)

from .portraits import Image, Points, Portrait
from .warping import draw_motion, move_mesh, warp_face

Rng = np.random.Generator
Made = tuple[Image, Image, Points]
"""Genuine picture, forged picture, and the box (4,) of the face in both."""
Forger = Callable[[Portrait, Sequence[Portrait], Rng], Made]


def blend(portrait: Portrait, others: Sequence[Portrait], rng: Rng) -> Made:
    """Blend a face with a changed copy of itself, as published."""
    made = blend_face(portrait.picture, portrait.forehead, rng)
    left, top, right, bottom = made.box
    box = np.array([left, top - 0.25 * (bottom - top), right, bottom], dtype=np.float32)
    return made.genuine, made.blended, box


def swap(portrait: Portrait, others: Sequence[Portrait], rng: Rng) -> Made:
    """Insert another person's face by landmarks and gradients, as the corpora do."""
    donor = find_donor(portrait, others, rng)
    edited = swap_faces(_footage(portrait, portrait.picture), donor.picture, donor.landmarks)
    return portrait.picture, edited.frames[0], portrait.box


def loose_swap(portrait: Portrait, others: Sequence[Portrait], rng: Rng) -> Made:
    """Insert another person's face at the resolution of a face network, behind a soft mask, with colours matched.

    It varies what the swap of the corpora holds fixed; it is used for training alone.
    """
    donor = find_donor(portrait, others, rng)
    points = portrait.forehead.astype(np.float64)
    height, width = portrait.picture.shape[:2]
    moved, covered = bend(donor.picture, donor.forehead, portrait.forehead)
    family = FAMILIES[int(rng.integers(len(FAMILIES)))] if rng.random() < 0.3 else "whole"
    mask = draw_hull(points[:68] if rng.random() < 0.4 else points, family, height, width)
    mask = soften(warp_elastically(mask, rng, strength=float(rng.uniform(0, 50))), rng) * covered
    if rng.random() < 0.7:
        longest = max(1.0, float(np.ptp(points, axis=0).max()))
        moved = _through(moved, min(1.0, float(rng.uniform(64, 224)) / longest), rng)
    area = mask > 0.3
    if rng.random() < 0.8 and area.sum() > 64:
        moved = _coloured_like(moved, portrait.picture, area, float(rng.uniform(0.5, 1)))
    forged = lay_over(portrait.picture, moved, np.asarray(mask * np.float32(rng.uniform(0.8, 1)), dtype=np.float32))
    return portrait.picture, forged, portrait.box


def reenact(portrait: Portrait, others: Sequence[Portrait], rng: Rng) -> Made:
    """Return the face with another expression and pose, by moving its mesh."""
    moved = move_mesh(portrait.mesh, draw_motion(rng))
    forged = warp_face(portrait.picture, portrait.mesh, moved, rng)
    return portrait.picture, forged, portrait.box


def reenact_by_generator(portrait: Portrait, others: Sequence[Portrait], rng: Rng) -> Made:
    """Return a frame of the preset `geometry`, pasted back, beside the picture with a control mark.

    Raises:
        ValueError: The portrait has no reenactments.
    """
    if portrait.reenacted is None:
        raise ValueError(f"{portrait.name} was not reenacted")
    frames = portrait.reenacted.frames
    height, width = portrait.picture.shape[:2]
    genuine, forged = (
        np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        for picture in (portrait.reenacted.genuine, frames[int(rng.integers(len(frames)))])
    )
    return genuine, forged, portrait.box


def edit_mouth(portrait: Portrait, others: Sequence[Portrait], rng: Rng) -> Made:
    """Lay another moment's mouth over the portrait, at half the resolution."""
    other = _other_moment(portrait, others, rng)
    edited = edit_region(_footage(portrait, portrait.picture), other, MOUTH, joined=True)
    return portrait.picture, edited.frames[0], portrait.box


def edit_eyes(portrait: Portrait, others: Sequence[Portrait], rng: Rng) -> Made:
    """Lay another moment's eyes and brows over the portrait, at half the resolution."""
    other = _other_moment(portrait, others, rng)
    edited = edit_region(_footage(portrait, portrait.picture), other, EYES, joined=False)
    return portrait.picture, edited.frames[0], portrait.box


def twin(portrait: Portrait, others: Sequence[Portrait], rng: Rng) -> Made:
    """Pass the whole picture through the shipped generator's codec."""
    return portrait.picture, through_codec(portrait.picture), portrait.box


def pasted_twin(portrait: Portrait, others: Sequence[Portrait], rng: Rng) -> Made:
    """Pass the face alone through the codec and paste it back; used for training alone."""
    height, width = portrait.picture.shape[:2]
    mask = soften(hull(portrait.forehead, height, width), rng)
    return portrait.picture, lay_over(portrait.picture, through_codec(portrait.picture), mask), portrait.box


MEASURED: dict[str, Forger] = {
    "self-blend": blend,
    "face-swap": swap,
    "reenactment": reenact_by_generator,
    "mesh-warp": reenact,
    "mouth-edit": edit_mouth,
    "eyes-edit": edit_eyes,
    "codec-twin": twin,
}
"""The forgeries that validation and test measure, by the names that corpora use."""

LEARNED: tuple[tuple[Forger, float], ...] = (
    (blend, 0.24),
    (swap, 0.10),
    (loose_swap, 0.11),
    (reenact_by_generator, 0.15),
    (reenact, 0.14),
    (edit_mouth, 0.05),
    (edit_eyes, 0.05),
    (twin, 0.12),
    (pasted_twin, 0.04),
)
"""What training draws, and how often."""


def draw_forger(portrait: Portrait, rng: Rng) -> Forger:
    """Draw one of the learned forgeries that a portrait can have."""
    forger = LEARNED[int(rng.choice(len(LEARNED), p=[share for _, share in LEARNED]))][0]
    return reenact if forger is reenact_by_generator and portrait.reenacted is None else forger


def measured_of(portrait: Portrait) -> dict[str, Forger]:
    """Return the measured forgeries that a portrait can have."""
    return {
        name: forger
        for name, forger in MEASURED.items()
        if forger is not reenact_by_generator or portrait.reenacted is not None
    }


def alike(portrait: Portrait, people: Sequence[Portrait]) -> list[Portrait]:
    """Return those people whose faces may be swapped with a portrait's: avatars are swapped within their style."""
    style = portrait.name.partition("-")[0]
    return [one for one in people if one.name.partition("-")[0] == style] if "-" in portrait.name else list(people)


def through_codec(picture: Image) -> Image:
    """Encode and decode a picture with the codec of the shipped generator."""
    codec = open_codec()
    height, width = picture.shape[:2]
    padded = np.pad(picture, ((0, -height % 16), (0, -width % 16), (0, 0)), mode="edge")
    with torch.inference_mode():
        planes = torch.from_numpy(padded).permute(2, 0, 1)[None].float() / 127.5 - 1
        decoded = codec.decode(codec.encode(planes)).clamp(-1, 1)[0]
    pixels = ((decoded.permute(1, 2, 0) + 1) * 127.5).round().to(torch.uint8).numpy()
    return np.ascontiguousarray(pixels[:height, :width])


def cut_native(picture: Image, box: Points, spec: DetectorSpec) -> Image:
    """Cut the square of the crop contract at the picture's own resolution."""
    rows, columns = crop_square(picture.shape[0], picture.shape[1], box, spec)
    return np.ascontiguousarray(picture[np.ix_(rows, columns)])


def cut_varied(made: Made, spec: DetectorSpec, rng: Rng) -> list[Image]:
    """Cut both pictures alike with a margin, place and angle that vary as those of face finders do."""
    genuine, forged, box = made
    left, top, right, bottom = (float(side) for side in box)
    side = max(right - left, bottom - top)
    shift = rng.uniform(-0.06, 0.06, 2) * side
    moved = np.array([left, top, right, bottom], dtype=np.float32) + np.tile(shift, 2).astype(np.float32)
    varied = replace(spec, crop_margin=float(rng.uniform(0.06, 0.3)))
    pictures = [genuine, forged]
    if rng.random() < 0.35:
        turn = cv2.getRotationMatrix2D(((left + right) / 2, (top + bottom) / 2), float(rng.uniform(-12, 12)), 1)
        size = (genuine.shape[1], genuine.shape[0])
        pictures = [
            np.asarray(cv2.warpAffine(picture, turn, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))
            for picture in pictures
        ]
    crops = [cut_native(picture, moved, varied) for picture in pictures]
    return [crop[:, ::-1] for crop in crops] if rng.random() < 0.5 else crops


def find_donor(portrait: Portrait, others: Sequence[Portrait], rng: Rng) -> Portrait:
    """Draw another person, and put that face at the size and place of the portrait's on a canvas of its shape."""
    while (donor := others[int(rng.integers(len(others)))]).name == portrait.name:
        pass
    donor = donor.shrunk(_longer_side(portrait.box) / _longer_side(donor.box))
    shift = np.rint(portrait.landmarks.mean(0) - donor.landmarks.mean(0)).astype(np.float32)
    height, width = portrait.picture.shape[:2]
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], dtype=np.float32)
    canvas = cv2.warpAffine(donor.picture, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    mesh = (donor.mesh + np.array([*shift, 0], dtype=np.float32)).astype(np.float32)
    return Portrait(donor.name, np.asarray(canvas, dtype=np.uint8), mesh)


def _longer_side(box: Points) -> float:
    return float(max(box[2] - box[0], box[3] - box[1]))


def _footage(portrait: Portrait, picture: Image, landmarks: Points | None = None) -> Footage:
    points = portrait.landmarks if landmarks is None else landmarks
    return Footage(picture[None], Faces(np.zeros(1, dtype=np.int64), portrait.box[None], points[None]))


def _other_moment(portrait: Portrait, others: Sequence[Portrait], rng: Rng) -> Footage:
    """Return the same head with another expression: its own mesh moved, or another person's parts in its place."""
    moved = move_mesh(portrait.mesh, draw_motion(rng, still_head=True))
    if rng.random() < 0.5:
        picture = warp_face(portrait.picture, portrait.mesh, moved, rng)
    else:
        donor = find_donor(portrait, others, rng)
        bent, covered = bend(donor.picture, donor.landmarks, portrait.landmarks)
        bent = _coloured_like(bent, portrait.picture, covered > 0, 1.0)
        picture = np.where(covered[..., None] > 0, bent, portrait.picture)
        moved = portrait.mesh
    return _footage(portrait, picture, replace(portrait, mesh=moved).landmarks)


def _through(picture: Image, scale: float, rng: Rng) -> Image:
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (max(1, round(width * scale)), max(1, round(height * scale))), cv2.INTER_AREA)
    kind = int(rng.choice((cv2.INTER_LINEAR, cv2.INTER_CUBIC)))
    return np.asarray(cv2.resize(small, (width, height), interpolation=kind), dtype=np.uint8)


def _coloured_like(patch: Image, picture: Image, area: np.ndarray, share: float) -> Image:
    """Shift mean and spread of a patch's colours, in Lab, towards those of the picture there (Reinhard et al. 2001)."""
    own, wanted = (cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32) for image in (patch, picture))
    scale = np.clip(wanted[area].std(0) / np.maximum(own[area].std(0), 1), 0.5, 1.5)
    matched = (own - own[area].mean(0)) * scale + wanted[area].mean(0)
    mixed = np.clip(share * matched + (1 - share) * own, 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(mixed, cv2.COLOR_LAB2RGB), dtype=np.uint8)
