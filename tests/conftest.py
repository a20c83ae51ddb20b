"""Fixtures that every test has."""
