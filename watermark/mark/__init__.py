"""Embed and read the mark in the pixels: payload, error correction, embedding and reading."""
