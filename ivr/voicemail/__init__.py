"""Voicemail: what callers leave when nobody can talk to them, and how it reaches people.

A message is a WAV file in `var/voicemail/<mailbox>/` and a row of the records' database. While it is recorded, a small
file beside it (`<id>.json`) says whose it is: a crash at any moment leaves either a message that stands in the inbox,
or one that the next start takes in. `inbox` is what everybody asks, `files` and `store` are its two shelves, `post`
sends the e-mail, `letter` writes it.
"""
