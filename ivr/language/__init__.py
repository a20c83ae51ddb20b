"""The language in which an administrator writes a site: reads it, checks it, and says what is wrong where.

`load_site(config, flows)` is the way in; it never talks to Asterisk and never raises for what a file contains.
"""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.language.problems import Problem, Severity
from ivr.site import Site

if TYPE_CHECKING:
    from ivr.language.load import Checked

__all__ = ["Problem", "Severity", "Site", "load_site"]


def load_site(config: Path, flows: Path, today: date | None = None, in_force: bool = False) -> "Checked":
    """Read and check `config/*.yaml` and all flows of the folder `flows`.

    The result has the site (None when there is an error) and all problems of all files at once. `today`: also warn of
    what has expired. `in_force`: files that served callers already are not refused by a check that became stricter.
    """
    # Imported here: pydantic and the verbs take 0.2 s, and whoever only names a Site does not need them.
    from ivr.language.load import load_site as load

    return load(config, flows, today, in_force)
