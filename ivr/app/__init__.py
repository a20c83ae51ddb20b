"""The only place where the parts are joined: from a checked site and an environment to a server that answers.

`versions` says which site is in force, `stores` opens what is kept, `floor` what routes, `asterisk` the two wires,
`rounds` does what is done now and then; `server` says in which order.
"""

from ivr.app.run import run
from ivr.app.server import Server
from ivr.app.versions import beginning

__all__ = ["Server", "beginning", "run"]
