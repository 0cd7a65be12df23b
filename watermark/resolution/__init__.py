"""Find the manifest that a file has lost, locally or over HTTP."""
