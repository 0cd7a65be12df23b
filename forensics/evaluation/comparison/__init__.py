"""Compare detectors, and compute how many videos would show a difference."""
