"""Programs for people who work on facetrail."""
