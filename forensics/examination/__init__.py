"""Examine files: what is looked at and when, what credential, mark and score say, and the finding that follows."""
