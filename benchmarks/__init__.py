"""Run measurements; each program writes rows of `results/`."""
