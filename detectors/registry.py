"""List the available detectors, and find one by name."""

from __future__ import annotations

import difflib
import fnmatch

from detectors.methods import effort, f3net, face_xray, flicker, linear_probe, ln_clip, plain, spsl, srm, twins, video
from detectors.methods.toys import toy_of

from .errors import UnknownDetectorError
from .spec import DetectorSpec

SPECS: tuple[DetectorSpec, ...] = (
    spsl.CPU,
    plain.PHOTO,
    *plain.SPECS,
    plain.CNN_AUG,
    srm.SPEC,
    spsl.SPEC,
    f3net.SPEC,
    face_xray.SPEC,
    plain.SBI,
    twins.SPEC,
    linear_probe.SPEC,
    ln_clip.SPEC,
    effort.SPEC,
    video.SPEC,
    flicker.SPEC,
)
TOYS: tuple[DetectorSpec, ...] = tuple(toy_of(spec) for spec in SPECS)


def list_detectors(pattern: str = "*") -> tuple[DetectorSpec, ...]:
    """List the specs whose name matches a shell pattern, in the registry's order.

    Every detector has a twin at toy size, named `toy_…`; those are listed only by a pattern that starts with `toy`.
    """
    specs = TOYS if pattern.startswith("toy") else SPECS
    return tuple(spec for spec in specs if fnmatch.fnmatchcase(spec.name, pattern))


def find_spec(name: str) -> DetectorSpec:
    """Find a spec by its exact name.

    Raises:
        UnknownDetectorError: No spec has the name; the message suggests the nearest ones.
    """
    for spec in (*SPECS, *TOYS):
        if spec.name == name:
            return spec
    names = [spec.name for spec in (TOYS if name.startswith("toy") else SPECS)]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names
    raise UnknownDetectorError(f"no detector is named {name!r}; nearest: {', '.join(near)}")
