"""The HTTP API under /api: one application for browsers, programs and the commands of `ivr`.

`ivr.web.api.routing`: how a part of the server declares its routes, and who may use them. `ivr.web.api.door`: who asks.
`ivr.web.api.application`: all of it put together.
"""
