"""Files in and out: pictures, clips and arrays."""
