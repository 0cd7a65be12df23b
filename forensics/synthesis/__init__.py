"""Build a labelled corpus of genuine and forged avatars."""
