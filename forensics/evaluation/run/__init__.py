"""Evaluate detectors on a corpus, or the scores of another program."""
