"""Files written whole or not at all, JSON records and TOML settings read strictly."""
