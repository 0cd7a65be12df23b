"""Read face parameters off pictures and clips."""
