"""Who signs: certificates, keys, time stamps, and whose signatures are believed."""
