"""Read and write media files: pictures, clips and arrays."""
