"""Run sealed tests: thresholds are frozen before a test is read, and every read is recorded."""
