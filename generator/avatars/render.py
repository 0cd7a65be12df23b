"""Draw an avatar: parameters in, picture and G-buffer out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import FaceParams, Floats
from generator.face.raster import Ints, depth_buffer, resolve

from .avatar import Avatar
from .head import CAMERA_DISTANCE, project_perspective
from .materials import GLASSES, HAIR, JEWELLERY, LASHES, LEFT_EYE, RIGHT_EYE, TEETH, TONGUE
from .scene import Scene, build_scene
from .shading import Shaded, light_surface, shadow_map, two_tones
from .styles import Frame, finish
from .surface import Surface, surface

_CAMERA = np.array([0, 0, CAMERA_DISTANCE], np.float32)
"""Where the camera is in head space: the picture is moved over the head, not the camera."""

_TWO_TONES = ("anime", "comic", "flat", "pixel")
_INNER = (LEFT_EYE, RIGHT_EYE, TEETH, TONGUE, LASHES)
"""What casts no shadow, because it lies inside the head or is thin."""

_THIN = (*_INNER, GLASSES, JEWELLERY)
"""What casts no shadow in drawings."""

_SHEEN = {"cartoon": 0.9, "clay": 0.12, "lowpoly": 0.2}


@dataclass(frozen=True, slots=True)
class AvatarBuffer:
    """What every sample of a picture shows; arrays are (samples * size) high and wide.

    Attributes:
        scene: The posed triangles.
        screen: (V, 3) vertices of the scene in samples, z larger where nearer.
        face: Triangle of each sample, -1 for the background.
        depth: Depth as `AvatarHead.project` says, -inf for the background.
        attributes: (..., 14), see `generator.avatars.surface`.
        material: Number in `MATERIALS`.
        samples: Samples along a side of a pixel.
    """

    scene: Scene
    screen: Floats
    face: Ints
    depth: Floats
    attributes: Floats
    material: NDArray[np.uint8]
    samples: int


@dataclass(frozen=True, slots=True)
class RenderedAvatar:
    """A picture (size, size, 3) uint8 RGB, and the samples that it was made from."""

    picture: NDArray[np.uint8]
    buffer: AvatarBuffer


def _shade(avatar: Avatar, scene: Scene, face: Ints, attributes: Floats, made: Surface, scale: float) -> Shaded:
    light = avatar.look.light
    drawn = avatar.style in _TWO_TONES
    hidden = _THIN if drawn else _INNER
    cast = ~np.isin(scene.kinds, hidden)
    cast[np.flatnonzero(scene.kinds == HAIR)[::2]] = False  # half of the overlapping strands casts the same shadow
    casting = scene.faces[cast]
    shadow = shadow_map(scene.points, casting, light.key)
    if drawn:
        threshold = {"anime": 0.44, "comic": 0.48}.get(avatar.style, 0.40)
        return two_tones(face, attributes, made, shadow, light.key, threshold, 0.012)
    sheen = _SHEEN.get(avatar.style, 0.5)
    return light_surface(face, attributes, made, shadow, light, _CAMERA, scale, sheen)


def render(
    avatar: Avatar, params: FaceParams, size: int, samples: int = 2, background: Floats | None = None
) -> RenderedAvatar:
    """Draw one frame.

    Args:
        avatar: The character; its own shape is drawn, whatever `params.shape` says.
        params: Expression, pose, gaze and camera of the layout "arkit"; `avatar.params()` for the character at rest.
        size: Height and width of the picture in pixels.
        samples: Samples along a side of a pixel, at least 1.
        background: (size, size, 3) sRGB in [0, 1] to draw behind it; None for the avatar's own.

    Raises:
        ValueError: `params` belongs to another face model, or size or samples are below 1.
    """
    if params.face_model != "arkit":
        raise ValueError(f"an avatar is driven by parameters of the face model 'arkit', not {params.face_model!r}")
    if size < 1 or samples < 1:
        raise ValueError(f"size and samples are {size} and {samples}, expected at least 1")
    model, sampled = avatar.model, size * samples
    scene = build_scene(model.head, model.body, params)
    screen = project_perspective(scene.points, params.camera)
    screen[:, :2] *= sampled
    face, depth = depth_buffer(screen, scene.faces, sampled, sampled, scene.two_sided)
    attributes, _ = resolve(screen, scene.faces, scene.attributes, face)
    scale = float(params.camera[0]) * sampled
    made = surface(
        face, scene.kinds, attributes, model.chart, model.iris, model.palette, _CAMERA, scene.turn, model.surface
    )
    shaded = _shade(avatar, scene, face, attributes, made, scale)
    frame = Frame(
        surface=made,
        shaded=shaded,
        depth=np.where(face >= 0, attributes[..., 13], np.float32(-6)),
        background=avatar.background(size) if background is None else background,
        size=size,
        pixels_per_unit=scale,
        hair=0.45 * model.palette[-4] + 0.55 * model.palette[-3],
        exposure=avatar.look.exposure,
        gamma=avatar.look.gamma,
        seed=avatar.seed,
    )
    picture = finish(frame, avatar.style)
    return RenderedAvatar(picture, AvatarBuffer(scene, screen, face, depth, attributes, made.material, samples))
