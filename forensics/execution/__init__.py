"""Run work: worker pools, sandboxes, progress, logs and results of commands."""
