"""Calls as the API shows them: search, one, live, explained."""
