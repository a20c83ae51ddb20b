"""Lists of callers over the API: shown, and a line put in or taken out; the files stay what an administrator edits.

`editing`: a line in and out of a CSV file (pure). `routes`: checked as `ivr check` does, written as a whole, reloaded.
"""
