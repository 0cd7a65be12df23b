"""Manage signing identities: certificates, keys, time stamps, and the policy of trusted signers."""
