"""Build the cases on which a generator is measured: one puppet driven by another, with every true frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from generator import DriveSequence, FaceParams
from generator.face import SourceWarp
from generator.puppets import Puppet, PuppetFrame, Style, render, sample_motion, sample_puppet

from .face_net import Floats, Pictures
from .true_values import BLINKS, true_values

COPY, WARP, CEILING, TRUTH = "copy of the source", "source moved by the mesh", "codec ceiling", "true frames"
"""Names of what is measured beside the generator."""

STILL = 4
"""Number of equal moments with open eyes at the end of every drive; one more moment with shut eyes follows."""

LONGEST = 60
"""Number of moments of the drawn motion from which the measured ones are taken."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One puppet to animate.

    Attributes:
        source: The puppet.
        picture: (S, S, 3) its neutral picture.
        params: Its face in that picture.
        drive: Another puppet's motion: `moving` consecutive moments, then `STILL` equal ones with open eyes, then one
            with shut eyes.
        moving: Number of moving moments.
    """

    source: Puppet
    picture: Pictures
    params: FaceParams
    drive: DriveSequence
    moving: int


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The true frames of a case.

    Attributes:
        frames: T drawn moments.
        motion: The aligned motion they were drawn from.
        values: (T, 36) their true values, in the order of `face_net.PARTS`.
    """

    frames: tuple[PuppetFrame, ...]
    motion: DriveSequence
    values: Floats

    @property
    def pictures(self) -> Pictures:
        """Return the pictures (T, S, S, 3)."""
        return np.stack([frame.image for frame in self.frames])


def sample_case(seed: int, number: int, styles: Sequence[Style], moving: int, size: int) -> Case:
    """Draw a puppet and another one's motion; the same seed and number produce the same case.

    Args:
        seed: A seed that training does not use.
        number: Number of the case; styles alternate.
        styles: Styles of the sources; drivers have any style, because their motion does not show it.
        moving: Consecutive moments of motion, 2 to 60.
        size: Side of the pictures.
    """
    rng = np.random.default_rng((seed, number))
    source, driver = sample_puppet(rng, styles[number % len(styles)]), sample_puppet(rng)
    motion = sample_motion(rng, driver, LONGEST)
    start = int(rng.integers(LONGEST - moving + 1))
    neutral = driver.neutral()
    shut = neutral.expression.copy()
    shut[list(BLINKS)] = 1.0
    rest = STILL + 1

    def behind(values: Floats, last: Floats) -> Floats:
        return np.concatenate([values[start : start + moving], np.tile(last, (rest, 1))]).astype(np.float32)

    expression = behind(motion.expression, neutral.expression)
    expression[-1] = shut
    drive = DriveSequence(
        shape=driver.shape,
        expression=expression,
        pose=behind(motion.pose, neutral.pose),
        gaze=behind(motion.gaze, neutral.gaze),
        camera=behind(motion.camera, neutral.camera),
        fps=motion.fps,
    )
    return Case(source, render(source, source.neutral(), size).image, source.neutral(), drive, moving)


def draw_truth(case: Case, motion: DriveSequence) -> Truth:
    """Draw the frames that a perfect generator would produce.

    Args:
        case: The case with the source.
        motion: The drive aligned to it, as recorded in the generator's clip.
    """
    frames = tuple(render(case.source, motion[index], len(case.picture)) for index in range(len(motion)))
    values = [true_values(case.source, motion[index], frame) for index, frame in enumerate(frames)]
    return Truth(frames, motion, np.stack(values))


def baselines(case: Case, truth: Truth, codec: torch.nn.Module) -> Mapping[str, Pictures]:
    """Return the frames (T, S, S, 3) of baselines, of an upper bound, and of the truth.

    Args:
        case: The case.
        truth: Its true frames.
        codec: The generator's codec, which limits what any denoiser can reach.
    """
    warp = SourceWarp(case.picture, case.params)
    count = len(truth.motion)
    return {
        COPY: np.repeat(case.picture[None], count, 0),
        WARP: np.stack([warp(truth.motion[index]).moved for index in range(count)]),
        CEILING: _through(codec, truth.pictures),
        TRUTH: truth.pictures,
    }


@torch.inference_mode()
def _through(codec: torch.nn.Module, pictures: Pictures) -> Pictures:
    frames = []
    for picture in pictures:
        tensor = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
        decoded = codec.decode(codec.encode(tensor)).clamp(-1, 1)  # type: ignore[operator]
        frames.append(((decoded[0].permute(1, 2, 0) + 1) * 127.5).round().to(torch.uint8).numpy())
    return np.stack(frames)
