"""Move a picture's face without any learning: layers of the source on a fitted head."""
