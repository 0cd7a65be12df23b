"""Examples for training the generator, drawn or tracked, and their batches."""
