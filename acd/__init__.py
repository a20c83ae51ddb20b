"""Automatic call distribution: a pure engine, the journal of its facts and decisions, and the shell that acts."""
