"""Train and measure the network that finds faces in drawings."""
