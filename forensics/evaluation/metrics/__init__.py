"""Compute metrics as pure functions on weighted counts, and their intervals."""
