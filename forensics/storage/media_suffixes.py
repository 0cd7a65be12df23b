"""The suffixes of files that are taken for media where a folder is searched."""

from __future__ import annotations

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff", ".mp4", ".mov", ".mkv")
"""What is taken for a file that can be read here."""

CLIPS = (".mp4", ".mov", ".mkv", ".avi")
"""What is taken for a clip of a published data set."""

STILLS = (".png", ".jpg", ".jpeg", ".webp")
"""What is taken for a picture of a published data set."""
