"""Define the network: its parts, its sizes, and how its weights are stored."""
