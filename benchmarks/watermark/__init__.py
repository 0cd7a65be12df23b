"""Benchmark the mark: robustness, cost, and how other validators read our signatures."""
