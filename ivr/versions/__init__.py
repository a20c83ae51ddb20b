"""Versions of the site: checked before they come into force, kept for the calls that began with them, taken back.

`copies`: every version that was in force, on disk. `editions`: those in memory, and which one a call has.
`changes`: what brings another one into force. `canary`: one that only some callers meet, and its bounds (pure).
`watch`: changes when the files change. `routes`, `canary_routes`, `site_routes`: the API. `figures`: for Prometheus.
"""

from ivr.versions.changes import Changes
from ivr.versions.editions import Edition, Editions

__all__ = ["Changes", "Edition", "Editions"]
