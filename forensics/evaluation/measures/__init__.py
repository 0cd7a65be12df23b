"""Measures: one number with its level, slice, interval and counts; reports and folders of them."""
