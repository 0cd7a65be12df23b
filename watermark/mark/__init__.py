"""The mark in the pixels: its payload and code, embedding and reading."""
