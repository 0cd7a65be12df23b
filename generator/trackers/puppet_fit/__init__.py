"""From the points of a face mesh to the parameters of the puppet head."""
