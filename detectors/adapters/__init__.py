"""Open detectors that were made elsewhere as ordinary detectors: Python, ONNX, or served over HTTP."""
