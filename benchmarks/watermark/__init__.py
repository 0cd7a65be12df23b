"""What the mark survives, what it costs, and how others read what is signed here."""
