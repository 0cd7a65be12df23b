"""The suffixes of files that are taken for media where a folder is searched."""

from __future__ import annotations

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff", ".mp4", ".mov", ".mkv")
