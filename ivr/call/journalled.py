"""Reads what stands in the journal, whatever it is: an event is known by its class, and here all classes are known."""

from acd import decisions, facts
from acd.codec import UnknownEvent, decode
from ivr.access import anchor
from ivr.call import facts as call_facts
from ivr.site import overrides, versions

__all__ = ["KNOWN", "UnknownEvent", "decode"]

KNOWN = (facts, decisions, call_facts, overrides, versions, anchor)
"""The modules that hold the classes of all events."""
