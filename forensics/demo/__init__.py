"""The whole trail as one command."""
