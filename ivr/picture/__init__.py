"""Flows as pictures (`ivr graph`)."""
