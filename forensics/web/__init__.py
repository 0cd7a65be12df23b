"""Serve pages and services over HTTP."""
