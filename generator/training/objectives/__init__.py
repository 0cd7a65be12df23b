"""Define the training objectives of the generator."""
