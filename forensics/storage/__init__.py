"""Write files whole or not at all, and read JSON records and TOML settings strictly."""
