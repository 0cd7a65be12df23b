"""The parts of a page, each a pure function from results to a section, or to nothing where there is no data."""
