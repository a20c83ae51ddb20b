"""What the dialplan and the server have to agree on about callers who wait."""

WAIT_SECONDS = 9.7
"""From the end of a waiting caller's visit to the next one ([acd-wait] of the dialplan). Visits begin when a caller
joins, and what a queue has for its callers comes after whole seconds: with whole seconds here, too, both would come at
one moment."""
