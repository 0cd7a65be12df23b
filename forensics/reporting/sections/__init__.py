"""Build the sections of a page, each by a pure function from results to a section, or to None without data."""
