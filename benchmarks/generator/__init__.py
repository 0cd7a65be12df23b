"""How true and how fast the generator is."""
