"""Turn published checkpoints of other projects into ordinary detector folders."""
