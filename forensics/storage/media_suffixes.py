"""Declare the file suffixes that count as media when a folder is searched."""

from __future__ import annotations

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff", ".mp4", ".mov", ".mkv")
"""Suffixes of all files that can be read."""

CLIPS = (".mp4", ".mov", ".mkv", ".avi")
"""Suffixes of the clips of published data sets."""

STILLS = (".png", ".jpg", ".jpeg", ".webp")
"""Suffixes of the pictures of published data sets."""
