"""Name the decoders of Pillow that a still is opened with, and register the optional one for HEIC and HEIF."""

from __future__ import annotations

from functools import cache

from .containers import HEIF_FAMILY, Container


def still_formats(container: Container) -> list[str]:
    """Return the names of the decoders for a container; no other decoder may look at the file.

    Args:
        container: Container of a still that this package decodes.
    """
    if container not in HEIF_FAMILY:
        return [container.name]
    _register_heif()
    return ["HEIF"]


@cache
def _register_heif() -> None:
    """Register the decoder of HEIC, with one thread and without the pictures beside the primary one."""
    import pillow_heif

    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
