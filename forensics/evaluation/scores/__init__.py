"""Tables of scores, by frame and by video, and the files they are kept in."""
