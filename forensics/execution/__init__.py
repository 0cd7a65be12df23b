"""How work is run: worker pools, sandboxes, progress, logs and results of commands."""
