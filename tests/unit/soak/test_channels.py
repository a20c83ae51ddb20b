"""The soak's own reading of Asterisk's record of its channels notices what it is there to notice."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.soak.channels import Channel, channels_of, disagreements, inexact, rung_twice, talks, without_end

CALL, LEG = "n1-1.0", "acd-1"


def rows(folder: Path, *told: tuple[str, float, str, str, dict[str, Any]]) -> dict[str, Channel]:
    """A file with these rows: what, when, unique id, channel, extra."""
    lines = []
    for kind, at, uniqueid, name, extra in told:
        number = "3000000001" if uniqueid == CALL else "101"
        context = "from-trunk" if uniqueid == CALL else "from-extension"
        values = (
            kind,
            f"{at:.6f}",
            uniqueid,
            CALL,
            name,
            context,
            "601",
            "",
            "",
            "",
            json.dumps(extra),
            number,
            "",
            "",
        )
        lines.append(",".join('"' + value.replace('"', '""') + '"' for value in values))
    file = folder / "cel.csv"
    file.write_text("\n".join(lines) + "\n")
    return channels_of(file)


TRUNK, PHONE, BRIDGE = "PJSIP/trunk-operador-00000001", "PJSIP/101-00000002", {"bridge_id": "b"}
TALK = (
    ("CHAN_START", 1.0, CALL, TRUNK, {}),
    ("ANSWER", 1.5, CALL, TRUNK, {}),
    ("CHAN_START", 2.0, LEG, PHONE, {}),
    ("BRIDGE_ENTER", 3.0, LEG, PHONE, BRIDGE),
    ("BRIDGE_ENTER", 3.5, CALL, TRUNK, BRIDGE),
    ("BRIDGE_EXIT", 6.5, LEG, PHONE, BRIDGE),
    ("BRIDGE_EXIT", 6.6, CALL, TRUNK, BRIDGE),
    ("HANGUP", 6.6, LEG, PHONE, {"hangupsource": PHONE}),
    ("CHAN_END", 6.6, LEG, PHONE, {}),
    ("HANGUP", 7.0, CALL, TRUNK, {"hangupsource": TRUNK}),
    ("CHAN_END", 7.0, CALL, TRUNK, {}),
)


def record(**other: Any) -> dict[str, Any]:
    """The record of that call, as it should be."""
    fields = {"call": CALL, "did": "601", "outcome": "answered", "agent": "101", "talk_us": 3_000_000}
    return {**fields, "ended": "1970-01-01T00:00:07+00:00", **other}


def test_a_record_that_is_right(tmp_path: Path) -> None:
    channels = rows(tmp_path, *TALK)
    assert talks(channels) == {CALL: {"101": pytest.approx(3.0)}}
    assert disagreements(channels, [record()]) == inexact(channels, [record()]) == without_end(channels) == []
    assert channels[CALL].number == "3000000001" and channels[CALL].hung_up_by == TRUNK


@pytest.mark.parametrize(
    "other",
    [{"outcome": "abandoned"}, {"agent": "102"}, {"ended": "1970-01-01T00:00:20+00:00"}, {"outcome": "refused"}],
)
def test_a_record_that_is_wrong(tmp_path: Path, other: dict[str, Any]) -> None:
    (fault,) = disagreements(rows(tmp_path, *TALK), [record(**other)])
    assert fault.startswith(CALL)


def test_a_talk_that_is_too_long(tmp_path: Path) -> None:
    assert len(inexact(rows(tmp_path, *TALK), [record(talk_us=4_000_000)])) == 1


def test_a_call_without_a_record_and_a_record_without_a_call(tmp_path: Path) -> None:
    assert disagreements(rows(tmp_path, *TALK), []) == [f"{CALL}: Asterisk had it, the records do not"]
    assert disagreements(rows(tmp_path, TALK[0], *TALK[2:]), []) == [], "gone before anybody answered"
    faults = disagreements({}, [record(), record(call="n1-2.0", did="*71")])
    assert faults == [f"{CALL}: the records have it, Asterisk does not"]


def test_a_channel_that_never_ended(tmp_path: Path) -> None:
    assert without_end(rows(tmp_path, *TALK[:-1])) == [f"{CALL} {TRUNK}"]


def test_a_phone_with_two_legs_at_once(tmp_path: Path) -> None:
    second = [("CHAN_START", at, "acd-2", "PJSIP/101-00000003", {}) for at in (6.0, 6.6)]
    assert [len(rung_twice(rows(tmp_path, *TALK, one))) for one in second] == [1, 0]
