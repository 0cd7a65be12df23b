"""Examine files: select frames, read credential, mark and score, and derive the finding."""
