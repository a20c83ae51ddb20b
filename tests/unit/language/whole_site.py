"""The good site with a subflow, look-ups and a mailbox: for what is tried without a telephone."""

import shutil
from pathlib import Path

from ivr.site import Site
from tests.unit.language.fixtures import TESTS, good_site, load

MORE = TESTS / "proof" / "site"
"""Files that lie over those of the good site."""

_FLOWS = ("principal", "saldo")


def whole_site(folder: Path) -> Path:
    """A copy of the site, to be changed."""
    site = good_site(folder)
    for file in MORE.iterdir():
        shutil.copy(file, site / ("flows" if file.name.startswith(_FLOWS) else "config"))
    return site


def loaded(site: Path) -> Site:
    """The site of a copy without faults."""
    checked = load(site)
    assert checked.site is not None, checked.problems
    return checked.site
