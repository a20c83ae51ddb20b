"""Whether a talk is recorded: who is asked first, who can overrule whom, and the lot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.policy import SPECIAL, Level, Rule, Said, Why, Wish, deciding, drawn, rule_for


def said(**wishes: str) -> dict[Level, Said]:
    """`queue="yes"`: what each level says."""
    return {Level(level): Said(Level(level), f"some {level}", Rule(Wish(wish))) for level, wish in wishes.items()}


EVERYTHING = st.dictionaries(
    st.sampled_from(list(Level)), st.builds(Rule, st.sampled_from(list(Wish)), st.floats(0, 100))
).map(lambda rules: {level: Said(level, level.value, rule) for level, rule in rules.items()})


@pytest.mark.parametrize(
    ("wishes", "why", "record"),
    [
        ({}, Why.NOTHING_SAID, False),
        ({"queue": "yes"}, Why.YES, True),
        ({"queue": "no", "direction": "yes"}, Why.NO, False),
        ({"queue": "yes", "agent": "no"}, Why.NO, False),
        ({"agent": "no", "step": "yes"}, Why.YES, True),
        ({"number": "yes", "queue": "on demand"}, Why.ON_DEMAND, False),
        ({"direction": "force", "step": "no"}, Why.FORCED, True),
        ({"direction": "never", "step": "force"}, Why.NEVER, False),
    ],
)
def test_who_decides(wishes: dict[str, str], why: Why, record: bool) -> None:
    ruling = rule_for(said(**wishes), call="1", notice_heard=True)
    assert (ruling.why, ruling.record) == (why, record)
    told = ([ruling.by] if ruling.by else []) + list(ruling.others)
    assert {one.level for one in told} == {Level(level) for level in wishes}


@given(EVERYTHING)
def test_without_the_notice_or_against_the_callers_will_nothing_is_recorded(rules: dict[Level, Said]) -> None:
    unheard = rule_for(rules, call="1", notice_heard=False)
    declined = rule_for(rules, call="1", notice_heard=True, declined=True)
    assert (unheard.why, declined.why) == (Why.NO_NOTICE, Why.DECLINED)
    for ruling in (unheard, declined):
        assert not ruling.record and not ruling.may_begin and len(ruling.others) == len(rules)


@given(EVERYTHING, st.text(max_size=20))
def test_never_beats_force_and_force_the_rest(rules: dict[Level, Said], call: str) -> None:
    ruling = rule_for(rules, call=call, notice_heard=True)
    wishes = {one.rule.wish for one in rules.values()}
    if Wish.NEVER in wishes:
        assert ruling.why is Why.NEVER
    elif Wish.FORCE in wishes:
        assert ruling.why is Why.FORCED and ruling.record
    elif rules:
        assert ruling.by is next(rules[level] for level in SPECIAL if level in rules)


@given(st.text(max_size=30))
def test_the_lot_of_a_call_is_always_the_same(call: str) -> None:
    shares = [drawn(call, percent) for percent in range(0, 101)]
    assert not shares[0] and shares[100]
    assert shares == sorted(shares), "who is among 10 % is among 20 %"


def test_the_share_of_many_calls_is_the_percentage() -> None:
    share = sum(drawn(f"17641{number}.{number}", 20) for number in range(20_000)) / 20_000
    assert 0.19 < share < 0.21


def test_a_call_that_was_not_drawn_may_be_recorded_on_demand() -> None:
    rules = {Level.QUEUE: Said(Level.QUEUE, "servicio", Rule(Wish.YES, 0))}
    ruling = rule_for(rules, call="1", notice_heard=True)
    assert ruling.why is Why.NOT_DRAWN and ruling.may_begin and not ruling.record


@given(EVERYTHING, st.booleans(), st.booleans())
def test_without_room_nothing_begins_and_what_would_not_have_begun_keeps_its_reason(
    rules: dict[Level, Said], heard: bool, declined: bool
) -> None:
    ruling = rule_for(rules, call="1", notice_heard=heard, declined=declined)
    full = rule_for(rules, call="1", notice_heard=heard, declined=declined, room=False)
    assert not full.record and not full.may_begin
    if ruling.record or ruling.may_begin:
        assert full.why is Why.NO_ROOM and full.by is None and set(full.others) == set(rules.values())
    else:
        assert full == ruling


@pytest.mark.parametrize("percent", [-0.1, 100.1, float("nan")])
def test_a_share_is_a_percentage(percent: float) -> None:
    with pytest.raises(ValueError, match="0 to 100 %"):
        Rule(Wish.YES, percent)


@given(EVERYTHING)
def test_who_decides_is_whoever_the_ruling_names(rules: dict[Level, Said]) -> None:
    assert deciding(rules) == rule_for(rules, call="1", notice_heard=True).by
