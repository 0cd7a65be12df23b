"""Generate the pictures and tables of the docs."""
