"""Build claims, write them as C2PA manifests, sign them, and read credentials back."""
