"""Generate marked frames from one picture and one motion."""
