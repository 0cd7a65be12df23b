"""Test the paper's two claims on puppets: training, rendering, measuring and statistics."""
