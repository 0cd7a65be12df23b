"""Hostile files and fuzzing of the readers of strangers' files."""
