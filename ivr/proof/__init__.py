"""Proves what a site promises about every call (`ivr prove`): the real machine of a call is run with every answer that
it may get, and nothing says a second time what a verb does."""
