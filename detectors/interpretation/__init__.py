"""Interpret scores: calibration, scope, thresholds and decision."""
