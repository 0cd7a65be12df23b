"""MediaPipe's face mesh: finding a face, its 478 points, eyes and lids."""
