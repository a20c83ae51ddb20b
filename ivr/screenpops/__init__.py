"""Screen pops: a desktop is told by a signed web hook when an agent's phone rings, and when the talk begins and ends.

Told live, from what the journal has made durable; never a reason for a call to wait.
"""
