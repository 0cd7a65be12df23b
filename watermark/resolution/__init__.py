"""Find the manifest that a file has lost, here or over HTTP."""
