"""Train a detector on a corpus."""
