"""Trackers of FLAME: DECA and SMIRK."""
