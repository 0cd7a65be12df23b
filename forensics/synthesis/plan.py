"""Plan the content of a synthetic corpus from a seed, before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from forensics.corpus import SHARES, Label, Slice, Split
from forensics.errors import CorpusError
from generator.avatars import STYLES, Style

from .methods import GENERATED, SWAPS, ForgeryMethod, find_method

FEWEST_PER_SPLIT = 2
"""Least number of identities in a split, because a forgery needs two identities of the same split."""


class Making(StrEnum):
    """The way in which a planned sample is made."""

    RENDER = "render"
    FORGE = "forge"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class SynthesisConfig:
    """The size of a synthetic corpus; both classes pass through one encoder at one quality.

    Attributes:
        seed: Seed of identities, motions, forgeries and splits.
        identities: Number of avatars.
        clips: Genuine clips of each identity, and forged clips with each identity as source.
        stills: Genuine stills of each identity, and forged stills with each identity as source.
        frames: Frames of a clip.
        fps: Frames per second.
        size: Height and width, pixels.
        steps: Denoising steps of the generator; None uses its preset's.
        control: Splits whose genuine samples are repeated with a control mark: in the test split to measure whether a
            detector reads the mark, in the others so that it cannot learn to read it.
        shares: Share of the identities in each split.
        methods: Names of the forgery methods; each makes as many samples as there are genuine ones.
        test_styles: Drawing styles that only the test split shows; all of its identities have one of them. Where it is
            empty, every split shows all styles.
    """

    seed: int = 0
    identities: int = 24
    clips: int = 2
    stills: int = 1
    frames: int = 16
    fps: float = 12.5
    size: int = 256
    steps: int | None = None
    control: tuple[Split, ...] = tuple(Split)
    shares: Mapping[Split, float] = field(default_factory=lambda: dict(SHARES))
    methods: tuple[str, ...] = (GENERATED,)
    test_styles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that the sizes can make a corpus.

        Raises:
            CorpusError: A number is out of range, or a method is named twice or none is named.
            InputError: There is no method of a name.
        """
        wanted = FEWEST_PER_SPLIT * len(self.shares)
        if self.identities < wanted:
            raise CorpusError(f"{self.identities} identities cannot fill the splits; take at least {wanted}")
        if self.clips + self.stills < 1 or min(self.clips, self.stills) < 0:
            raise CorpusError("a corpus needs at least one clip or still of each identity")
        if self.frames < 2 or self.fps <= 0:
            raise CorpusError(f"a clip needs 2 frames and a rate above 0, got {self.frames} at {self.fps}")
        if not self.methods or len(set(self.methods)) < len(self.methods):
            raise CorpusError(f"forgeries need one or more methods, each once, got {', '.join(self.methods) or 'none'}")
        for method in map(find_method, self.methods):
            if not method.stills and not self.clips:
                raise CorpusError(f"{method.name} alters a part of a clip, and there are no clips; take at least one")
        unknown = [style for style in self.test_styles if style not in STYLES]
        if unknown or len(set(self.test_styles)) >= len(STYLES):
            known, got = ", ".join(STYLES), ", ".join(self.test_styles)
            raise CorpusError(f"test styles are some of {known}, and not all of them; got {got}")
        for split, members in deal_identities(self).items():
            if len(members) < FEWEST_PER_SPLIT:
                raise CorpusError(
                    f"{self.identities} identities leave {len(members)} for {split}; take more, styles take turns"
                )


@dataclass(frozen=True, slots=True)
class PlannedSample:
    """One sample before it is made.

    Attributes:
        id: Its name in the corpus.
        making: The way in which it is made.
        split: The split that it will belong to.
        source: Number of the identity whose look it shows.
        drive: Number of the identity whose motion it follows.
        motion: Number of the motion among that identity's motions.
        is_still: Whether it is a picture and not a clip.
        seed: Its own seed.
        method: Name of the forgery, empty for genuine samples.
    """

    id: str
    making: Making
    split: Split
    source: int
    drive: int
    motion: int
    is_still: bool
    seed: int
    method: str = ""

    @property
    def label(self) -> Label:
        """Return whether the sample is genuine or forged."""
        return Label.FORGED if self.making is Making.FORGE else Label.GENUINE

    @property
    def slice(self) -> Slice:
        """Return whether the sample is in the main or the control slice."""
        return Slice.CONTROL if self.making is Making.CONTROL else Slice.MAIN

    @property
    def path(self) -> str:
        """Return the path of the media file, relative to the corpus folder."""
        folder = "control" if self.making is Making.CONTROL else self.label.value
        return f"media/{folder}/{self.id}.{'jpg' if self.is_still else 'mp4'}"

    @property
    def sidecar(self) -> str:
        """Return the path of the sidecar, relative to the corpus folder."""
        return f"faces/{self.id}.npz"

    @property
    def mask(self) -> str:
        """Return the path of the mask, relative to the corpus folder."""
        return f"masks/{self.id}.npz"

    @property
    def genuine(self) -> str:
        """Return the genuine file that an edit or a control mark starts from, relative to the corpus folder.

        A swap alters the drive's footage; every other method alters the source's own.
        """
        return f"media/genuine/{self.split}-{self.actor:03d}-m{self.motion}.{'jpg' if self.is_still else 'mp4'}"

    @property
    def actor(self) -> int:
        """Return the number of the identity in that footage."""
        return self.drive if self.method in SWAPS else self.source


def plan_corpus(config: SynthesisConfig) -> tuple[PlannedSample, ...]:
    """Return the samples of a synthetic corpus: every identity is in one split and is forged only within it.

    Args:
        config: Size and seed of the corpus.

    Returns:
        The samples, split by split, genuine ones first.
    """
    planned: list[PlannedSample] = []
    for split, members in deal_identities(config).items():
        motions = [(motion, motion >= config.clips) for motion in range(config.clips + config.stills)]
        for identity in members:
            for motion, is_still in motions:
                planned.append(_planned(config, Making.RENDER, split, identity, identity, motion, is_still))
        for method in map(find_method, config.methods):
            fitting = [motion for motion in motions if method.stills or not motion[1]]
            for source, drive, motion, is_still in _forgeries(members, fitting, method):
                planned.append(_planned(config, Making.FORGE, split, source, drive, motion, is_still, method.name))
        if split in config.control:
            for identity in members:
                for motion, is_still in motions:
                    planned.append(_planned(config, Making.CONTROL, split, identity, identity, motion, is_still))
    return tuple(planned)


def style_of(number: int) -> Style:
    """Return the drawing style of an identity; styles alternate, so that every split has many."""
    return STYLES[number % len(STYLES)]


def deal_identities(config: SynthesisConfig) -> dict[Split, tuple[int, ...]]:
    """Assign identity numbers to the splits by their shares, at least two to each.

    Where the test split has its own styles, it gets all identities of those styles, whatever its share is.

    Args:
        config: Number of identities, shares, test styles and seed.
    """
    order = np.random.default_rng([config.seed, 1]).permutation(config.identities)
    apart = tuple(int(number) for number in order if style_of(int(number)) in config.test_styles)
    others = [int(number) for number in order if style_of(int(number)) not in config.test_styles]
    shares = dict(config.shares)
    if config.test_styles:
        del shares[Split.TEST]
    total = sum(shares.values())
    counts = {split: max(FEWEST_PER_SPLIT, int(len(others) * share / total)) for split, share in shares.items()}
    largest = max(counts, key=lambda split: counts[split])
    counts[largest] += len(others) - sum(counts.values())
    dealt: dict[Split, tuple[int, ...]] = {}
    start = 0
    for split, count in counts.items():
        dealt[split] = tuple(sorted(others[start : start + count]))
        start += count
    return {**dealt, Split.TEST: tuple(sorted(apart))} if config.test_styles else dealt


def _forgeries(
    members: tuple[int, ...], motions: list[tuple[int, bool]], method: ForgeryMethod
) -> Iterator[tuple[int, int, int, bool]]:
    """Yield pairs of a source and a drive: another identity's for each motion, or the source's own."""
    for position, source in enumerate(members):
        for motion, is_still in motions:
            step = 1 + motion % (len(members) - 1) if method.people > 1 else 0
            yield source, members[(position + step) % len(members)], motion, is_still


def _planned(
    config: SynthesisConfig,
    making: Making,
    split: Split,
    source: int,
    drive: int,
    motion: int,
    is_still: bool,
    method: str = "",
) -> PlannedSample:
    by = "" if source == drive else f"-by-{drive:03d}"
    mark = "-control" if making is Making.CONTROL else "" if method in ("", GENERATED) else f"-{method}"
    entropy = [config.seed, 2, list(Making).index(making), source, drive, motion]
    if method not in ("", GENERATED):
        entropy += method.encode()
    seed = np.random.SeedSequence(entropy)
    return PlannedSample(
        id=f"{split}-{source:03d}{by}-m{motion}{mark}",
        making=making,
        split=split,
        source=source,
        drive=drive,
        motion=motion,
        is_still=is_still,
        seed=int(seed.generate_state(1)[0]),
        method=method,
    )
