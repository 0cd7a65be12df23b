"""Answers for other programs over HTTP: lost manifests and, on request, examinations. Needs the extra `serve`."""
