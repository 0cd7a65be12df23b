"""Benchmark the resolution service and the manifest store under load."""
