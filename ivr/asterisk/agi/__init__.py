"""FastAGI: Asterisk asks over TCP what to do with a call. See `server.AgiServer` and `session.Session`."""

from ivr.asterisk.agi.errors import AgiError, CommandRefused, CommandTimeout, HungUp
from ivr.asterisk.agi.limits import Limits, Observer
from ivr.asterisk.agi.reply import Refusal, Reply
from ivr.asterisk.agi.server import AgiServer, Handler
from ivr.asterisk.agi.session import Played, RecordedFile, Session

__all__ = [
    "AgiError",
    "AgiServer",
    "CommandRefused",
    "CommandTimeout",
    "Handler",
    "HungUp",
    "Limits",
    "Observer",
    "Played",
    "RecordedFile",
    "Refusal",
    "Reply",
    "Session",
]
