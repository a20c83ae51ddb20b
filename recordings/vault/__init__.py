"""The vault: where complete recordings lie, encrypted, each with a key of its own."""
