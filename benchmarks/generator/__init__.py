"""Benchmark the fidelity and the speed of the generator."""
