"""The certificate of a deletion says everything, and is complete only when somebody looked everywhere."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from recordings.certificate import Certificate, Place

AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
WHOLE = Certificate(
    recording="1_2",
    call="1",
    ended=datetime(2026, 5, 1, 12, tzinfo=UTC),
    bytes=4321,
    sha256="ab" * 32,
    audio_sha256="cd" * 32,
    rule="everything else: 180 days",
    due=datetime(2026, 10, 28, 12, tzinfo=UTC),
    deleted=AT,
    by="retention",
    key_destroyed=AT,
    places=(Place("vault", True, AT, "file and key"), Place("nube", True, AT)),
)


def test_it_is_complete_only_without_a_trace() -> None:
    assert WHOLE.complete
    assert not replace(WHOLE, key_destroyed=None).complete
    assert not replace(WHOLE, places=()).complete
    assert not replace(WHOLE, places=(*WHOLE.places, Place("disco", False, AT))).complete


@pytest.mark.parametrize("language", ["es-CO", "en"])
def test_people_read_what_programs_read(language: str) -> None:
    plain = json.loads(json.dumps(WHOLE.as_json()))
    text = "\n".join(WHOLE.lines(language))
    for value in ("1_2", "4321", plain["sha256"], plain["audio_sha256"], plain["rule"], plain["due"], plain["deleted"]):
        assert str(value) in text
    assert "vault" in text and "nube" in text and "(file and key)" in text
    assert plain["complete"] and ("completa" in text or "complete" in text)
    still = "\n".join(replace(WHOLE, key_destroyed=None, places=(Place("nube", False, AT),)).lines(language))
    assert ("INCOMPLETA" in still and "TODAVÍA ESTÁ" in still) or ("INCOMPLETE" in still and "STILL THERE" in still)
