"""Vary crops, blend faces with themselves, mix twins."""
