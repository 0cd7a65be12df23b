"""Seal marked frames: encode, sign and release a file, or leave nothing."""
