"""The sealed test: thresholds frozen before a test is read, and the record of every read."""
