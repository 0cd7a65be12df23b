"""Programs that measure, each writing rows of `results/`."""
