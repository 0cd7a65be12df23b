"""Serve other programs over HTTP: lost manifests and, optionally, examinations. The package needs the extra `serve`."""
