"""The built-in names have values."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ivr.expression.names import BUILT_INS, fact
from ivr.expression.present import built_in
from ivr.rehearsal.situation import Situation
from ivr.site import Site
from ivr.site.values import type_of
from tests.unit.language.fixtures import good_site, load


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    found = load(good_site(Path(tmp_path_factory.mktemp("site")))).site
    assert found is not None
    return found


def test_every_name_of_the_reference_has_a_value_of_its_type(site: Site) -> None:
    present = Situation(site=site, local=site.local(datetime.fromisoformat("2026-11-20T15:00Z")), did="6017436967")
    timetable, queue = next(iter(site.hours)), next(iter(site.queues))
    for written, one in BUILT_INS.items():
        if written == "language":
            continue  # the call itself knows it, among its variables
        name = written.replace("LIST", "vip").replace("TIMETABLE", timetable).replace("QUEUE", queue)
        assert type_of(built_in(name, present)) is one.type, written
        assert fact(name).kind == written
    assert built_in("lines.free", present) == Decimal(site.lines - 1)
    with pytest.raises(KeyError):
        built_in("saldo", present)
