"""Run the whole pipeline as one command."""
