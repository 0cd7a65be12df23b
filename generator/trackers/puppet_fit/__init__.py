"""Fit the parameters of the puppet head to the points of a face mesh."""
