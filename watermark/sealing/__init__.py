"""Marked frames in, a signed file out, or nothing."""
