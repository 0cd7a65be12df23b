"""Store manifests, and find one by mark id or by look."""
