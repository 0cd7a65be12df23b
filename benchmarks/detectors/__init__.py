"""The pieces of `bench_matrix.py` and `bench_retraining.py`."""
