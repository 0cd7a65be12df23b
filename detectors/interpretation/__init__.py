"""What a score means: calibration, scope, thresholds and decision."""
