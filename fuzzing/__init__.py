"""Fuzz the readers of untrusted files, and build hostile files."""
