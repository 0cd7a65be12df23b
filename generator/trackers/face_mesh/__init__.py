"""Run MediaPipe's face mesh: find a face, its 478 points, eyes and lids."""
