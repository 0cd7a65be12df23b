"""Animate a picture by a clip, from file to sealed file."""
