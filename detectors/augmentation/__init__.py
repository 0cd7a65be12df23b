"""Augment training crops, blend faces with themselves, and mix forgeries with their genuine twins."""
