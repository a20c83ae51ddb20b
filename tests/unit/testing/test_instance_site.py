"""A site with changes laid over it, and when it is open."""

from datetime import datetime
from pathlib import Path

import pytest

from ivr.language import load_site
from ivr.testing.instance_site import copy_site
from ivr.testing.opening import is_open, next_open

ROOT = Path(__file__).parents[3]


def test_the_copy_is_the_site_itself(tmp_path: Path) -> None:
    ours = load_site(ROOT / "config", ROOT / "ivr" / "flows").site
    copy = load_site(*copy_site(ROOT, tmp_path, {})).site
    assert ours is not None and copy is not None and copy.queues == ours.queues and copy.numbers == ours.numbers


def test_changes_are_joined_replaced_and_removed(tmp_path: Path) -> None:
    changes = {"queues.yaml": {"queues": {"servicio": {"ring": "5 s"}}, "agents": {"106": None}}}
    site = load_site(*copy_site(ROOT, tmp_path, changes)).site
    assert site is not None
    assert site.queues["servicio"].ring.total_seconds() == 5
    assert "106" not in site.agents and "105" in site.agents
    assert site.queues["servicio"].label == "Servicio al Cliente"


def test_a_change_of_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"queue\.yaml"):
        copy_site(ROOT, tmp_path, {"queue.yaml": {}})


@pytest.mark.parametrize(
    ("now", "opening"),
    [
        ("2026-11-24T10:00", "2026-11-24T10:00"),  # a Tuesday, open
        ("2026-11-24T18:00", "2026-11-25T08:00"),  # after closing
        ("2026-11-21T15:00", "2026-11-23T08:00"),  # Saturday afternoon
        ("2026-12-07T20:00", "2026-12-09T08:00"),  # the 8th is a holiday
    ],
)
def test_the_next_opening(now: str, opening: str) -> None:
    site = load_site(ROOT / "config", ROOT / "ivr" / "flows").site
    assert site is not None
    moment = datetime.fromisoformat(now).replace(tzinfo=site.zone)
    found = next_open(site, site.default_flow, moment)
    assert found == datetime.fromisoformat(opening).replace(tzinfo=site.zone)
    assert is_open(site, site.default_flow, found)
