"""Define measures (a number with level, slice, interval and counts), and read and write reports and their folders."""
