"""Animate a picture by a clip and write the sealed result."""
