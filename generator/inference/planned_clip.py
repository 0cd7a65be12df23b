"""Define what is known of a clip before its first frame is drawn, whatever draws it."""

from __future__ import annotations

from dataclasses import dataclass, field

from generator.face.face_params import DriveSequence, FaceParams
from watermark import Claim

from .framing import Picture
from .paste_back import PasteBack


@dataclass(frozen=True, slots=True)
class PlannedClip:
    """One planned clip; nothing is drawn yet.

    Attributes:
        source: (S, S, 3) the source in the square that is drawn. params: Its face.
        aligned: Motion to draw.
        opaque: (S, S) how opaque a transparent source is, 0 to 255; None for others.
        paste: Pastes squares back into the source picture; None delivers the squares alone.
        claim: Claim to seal. shape: Number of frames, height and width of the output.
    """

    source: Picture
    params: FaceParams
    aligned: DriveSequence
    paste: PasteBack | None
    claim: Claim
    shape: tuple[int, int, int]
    opaque: Picture | None = field(default=None, kw_only=True)

    @property
    def channels(self) -> int:
        """Return the channels of a frame: RGB, and alpha where the source is transparent."""
        return 3 if self.opaque is None else 4
