"""Centralita: the server that decides what happens to a call which Asterisk carries."""
