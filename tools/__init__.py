"""Provide programs for people who work on facetrail."""
