"""Overrides that are in force: set from a terminal or a phone, kept over restarts, ended by the clock.

`Overrides`: who asks, sets and ends them. `ivr.overrides.routes`: the API. `ivr.overrides.figures`: for
Prometheus. What an override means for a call is pure and stands in `ivr.site.overrides`.
"""

from ivr.overrides.overrides import OverrideRefused, Overrides

__all__ = ["OverrideRefused", "Overrides"]
