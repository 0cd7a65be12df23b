"""What is said and signed: claims, C2PA manifests, and reading them back."""
