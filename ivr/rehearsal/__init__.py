"""Calls without a telephone: the real machine of a call, and what it meets. At a terminal (`ivr try`), and in the tests
of flows that `ivr check` makes."""
