"""Recordings: when a talk may be recorded, where its file lies, and what is known about it."""
