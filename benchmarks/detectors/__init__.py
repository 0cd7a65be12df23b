"""Benchmark detectors."""
