"""Faces as numbers, and what is drawn from them: parameters, alignment, the puppet head, spatial maps."""
