"""What is wrong with a corpus: missing files, people in two splits, near-duplicates, formats that tell the classes."""
