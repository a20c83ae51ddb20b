"""What the running server does when it is told to: JSON operations on a socket file that only its own user may open.

`ivr.control.operations`: how a part declares its operations. `ivr.control.server`: answers them.
`ivr.control.client`: asks, for the commands of `ivr`.
"""
