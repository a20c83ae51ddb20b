"""Recordings in the server: what brings them into the vault, shows them, and proves that they are there."""
