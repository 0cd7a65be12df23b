"""Find errors in a corpus: missing files, people in two splits, near-duplicates, formats that reveal the class."""
