"""Do two detectors differ, and how many videos would show it."""
