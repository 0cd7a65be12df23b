"""Measure generated clips against exact truth: fidelity, what the face does, whose it is, and how steady it is."""
