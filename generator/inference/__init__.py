"""From one picture and one motion to marked frames."""
