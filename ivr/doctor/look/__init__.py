"""Looks at this machine. Nothing here judges, and nothing here changes anything.

Each probe returns what it saw, and a `Gap` for what it could not see: a doctor that stumbles examines nothing.
"""
