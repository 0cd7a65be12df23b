"""The store of manifests, and finding one by mark id or by look."""
