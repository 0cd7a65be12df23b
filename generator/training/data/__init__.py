"""Prepare training examples for the generator, rendered or tracked, and batch them."""
