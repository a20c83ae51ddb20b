"""Asterisk's manager interface (AMI): one standing link with events, actions and lists.

The only place that knows panoramisk. Everybody else uses what is named here.
"""

from ivr.asterisk.ami.errors import AmiError, AmiLost, AmiRefused, AmiTimeout
from ivr.asterisk.ami.link import AmiLink, LinkTimes
from ivr.asterisk.ami.messages import Event, Response
from ivr.asterisk.ami.observer import AmiObserver
from ivr.asterisk.ami.request import variables

__all__ = [
    "AmiError",
    "AmiLink",
    "AmiLost",
    "AmiObserver",
    "AmiRefused",
    "AmiTimeout",
    "Event",
    "LinkTimes",
    "Response",
    "variables",
]
