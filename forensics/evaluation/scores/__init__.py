"""Build, aggregate, read and write tables of scores, by frame and by video."""
