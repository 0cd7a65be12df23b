"""Define the detection methods, one module each: spec, network and loss."""
