"""How the commands of `ivr` reach the running server: its API, at a socket file that only its own user may open.

`ivr.control.server`: answers there. `ivr.control.client`: asks, there or at another server's address.
"""
