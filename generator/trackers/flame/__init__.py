"""Track FLAME parameters with DECA and SMIRK."""
