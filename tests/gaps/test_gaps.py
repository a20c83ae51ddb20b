"""What users of other systems report as broken in the routing of calls: each gap has a test that names it.

The numbers are those of the list of gaps; in brackets stand the project and the issue where somebody reported it. What
needs a real Asterisk and real phones is tested in tests/live; `LIVE` says where, and that it is there.
"""

import ast
import json
from pathlib import Path

import pytest

from acd import facts as f
from acd.codec import decode, encode
from acd.config import SECOND, STRATEGIES, AgentConfig, EngineConfig, Need, OfferRule, QueueConfig, Step
from acd.decisions import BeginWrapUp, CloseOffer, EndVisit, EndWrapUp, MakeOffer, PauseAgent
from acd.engine import Engine
from acd.model import AgentId, DeviceState, LegState, OfferResult, QueueId, SkillId, VisitId, VisitOutcome
from tests.unit.acd.floor import SERVICE, TREASURY, Floor, offered, visit
from tests.unit.acd.house import ONE, TWO, House, agent, exits, offers, queue, rung

ROOT = Path(__file__).parents[2]

LIVE = {
    "1 (asterisk#607)": (
        "live/test_transfers.py::test_both_talk_before",
        "live/test_transfers.py::test_to_an_agent_whom_a_queue_has_given",
    ),
    "1 (asterisk#1255)": ("live/test_reloads.py::test_calls_and_reloads",),
    "2 (qpanel#66)": (
        "live/test_agents_by_phone.py::test_pauses_reasons_and_lamps_survive_the_death_of_the_server_and_of_asterisk",
    ),
    "6 (re-entering)": (
        "live/test_waiting.py::test_back_to_the_menu_and_back_again_without_losing_the_place",
        "live/test_waiting.py::test_an_abandoned_caller_calls_again_and_has_the_old_place",
    ),
    "9 (freeswitch#2529, #1973, #2540)": (
        "live/test_crash.py::test_kill_9_with_callers_in_every_state",
        "live/test_outages.py::test_asterisk_is_restarted",
    ),
    "10 (freeswitch#1216)": ("live/test_offers.py::test_one_phone_that_is_away_stops_nobody",),
    "11 (FreePBX#1557)": ("live/test_offers.py::test_who_hangs_up_lets_the_others_ring_on",),
    "12 (FreePBX#816)": ("live/test_offers.py::test_a_single_miss_does_not_pause",),
    "15 (asterisk#1386)": ("live/test_waiting.py::test_announcements_now_and_then_with_the_place_in_the_line",),
    "15 (asterisk#1568)": (
        "live/test_waiting.py::test_nothing_is_said_while_an_agent_is_being_connected_or_talks",
        "live/test_waiting.py::test_an_announcement_gives_way_to_an_agent_whose_phone_rings",
    ),
    "15 (FreePBX#716)": ("live/test_waiting.py::test_announcements_now_and_then_with_the_place_in_the_line",),
    "16 (qpanel#6)": ("live/test_outages.py::test_ami_is_cut_for_five_seconds_in_every_state",),
    "16 (qpanel#6, without Asterisk)": ("wire/test_ami_gaps.py::test_the_link_recovers_from_every_loss",),
    "16 (AsterNET#214)": ("wire/test_ami_gaps.py::test_nothing_but_the_login_is_said_before_the_login",),
    "16 (asterisk#1972)": (
        "wire/test_ami_gaps.py::test_a_picture_of_many_queues_and_agents_is_two_questions",
        "wire/test_ami_gaps.py::test_a_flood_of_events_holds_up_no_answer",
    ),
}


@pytest.mark.parametrize(("gap", "test"), [(gap, test) for gap, tests in LIVE.items() for test in tests])
def test_the_test_that_names_it_is_there(gap: str, test: str) -> None:
    path, _, name = test.partition("::")
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert name in names, f"gap {gap}"


# -- 1 wrap-up


def test_gap_1_a_transfer_does_not_break_the_wrap_up() -> None:
    """1 (asterisk#607): after an attended transfer the first agent's wrap-up begins when that agent's own part ends,
    whatever becomes of the caller; and the second agent has a wrap-up too."""
    house = House(agent("a"), agent("b"), queues=(queue(wrap_up_us=20 * SECOND),))
    (made,) = offers(house.caller("c1"))
    house.tell(f.OfferBridged, offer=made.offer)
    house.tell(f.TalkHeld, offer=made.offer)
    (consulted,) = offers(house.caller("c2", only=AgentId("b")))
    house.tell(f.OfferBridged, offer=consulted.offer)
    house.t += 5 * SECOND
    (first,) = [d for d in house.tell(f.TalkEnded, offer=made.offer) if isinstance(d, BeginWrapUp)]
    assert (first.agent, first.until, first.talk_us) == ("a", house.t + 20 * SECOND, 5 * SECOND)
    house.t += 7 * SECOND
    (second,) = [d for d in house.tell(f.TalkEnded, offer=consulted.offer) if isinstance(d, BeginWrapUp)]
    assert (second.agent, second.until) == ("b", house.t + 20 * SECOND)
    assert house.caller("c3") == ()  # both wrap up


def test_gap_1_a_wrap_up_holds_in_every_queue() -> None:
    """1 (asterisk#1006): an agent of several queues is not offered a caller of one during the wrap-up of another."""
    floor = Floor("102")
    offer = floor.talk("c1", SERVICE)  # 20 s of wrap-up
    floor.tell(f.TalkEnded, offer=offer)
    assert floor.joins("c2", TREASURY) == ()  # 5 s there
    assert offered(floor.after(19.9)) == []
    assert offered(floor.after(0.1)) == [("102", visit("c2"))]


def test_gap_1_a_wrap_up_survives_a_reload_and_a_restart() -> None:
    """1 (asterisk#1255): a changed configuration, or a new process, in the middle of a wrap-up."""
    floor = Floor("101")
    floor.tell(f.TalkEnded, offer=floor.talk("c1"))
    floor.tell(f.Reconfigured, config=EngineConfig.parse(floor.config.text).text)
    other = json.loads(floor.config.text)
    other["queues"][0]["wrap_up_us"] = 1
    floor.tell(f.Reconfigured, config=EngineConfig.parse(json.dumps(other)).text)
    floor.engine = Engine.restore(floor.config, json.loads(json.dumps(floor.engine.snapshot())))
    floor.start()
    floor.picture(floor.seen("c2"))
    assert offered(floor.after(19.9)) == []
    assert offered(floor.after(0.1)) == [("101", visit("c2"))]


# -- 2 counters


def test_gap_2_a_call_counts_once_and_fewest_calls_is_fair() -> None:
    """2 (asterisk#1736): a call of an agent of two queues is one call; nothing that goes wrong is one; the next caller
    goes to who has fewer."""
    house = House(agent("a"), agent("b"), queues=(queue(ONE, strategy="fewest calls"), queue(TWO)))
    (made,) = offers(house.caller("c1"))
    for _ in range(2):  # told twice
        house.tell(f.OfferBridged, offer=made.offer)
    house.tell(f.OfferAnswered, offer=made.offer)
    for _ in range(2):
        house.tell(f.TalkEnded, offer=made.offer)
    (missed,) = offers(house.caller("c2", TWO))
    house.fails(missed.offer)
    calls = {one.agent: one.calls for one in house.engine.agents()}
    assert calls == {made.agent: 1, missed.agent: 0}
    house.after(6)
    (third,) = [d.agent for d in offers(house.caller("c3"))] or ["-"]
    assert third in ("-", missed.agent)


def test_gap_2_figures_survive_a_restart() -> None:
    """2 (qpanel#113): calls and talk time of the day, and the queue's service level, after a restart from the journal
    or from a checkpoint."""
    house = House(agent("a"), agent("b"))
    journal = []
    real = house.engine.apply
    house.engine.apply = lambda fact: journal.append((fact, real(fact))) or journal[-1][1]  # type: ignore
    house.start()
    house.picture()
    for name in ("c1", "c2", "c3"):
        house.served(name)
    house.t += 25 * SECOND
    house.caller("c4")
    house.tell(f.CallerGone, visit=VisitId("c4/1"), hung_up=True)
    before = (house.engine.agents(), house.engine.queues())
    assert sum(one.calls for one in before[0]) == 3 and before[1][0].service_level == 75
    folded = Engine(house.config)
    house_first = House(agent("a"), agent("b"))
    folded.load(house_first.engine.snapshot())
    for fact, decisions in journal:
        folded.fold(decode(encode(fact)), [decode(encode(d)) for d in decisions])
    assert (folded.agents(), folded.queues()) == before
    again = Engine.restore(house.config, json.loads(json.dumps(house.engine.snapshot())))
    assert (again.agents(), again.queues()) == before


def test_gap_2_a_pause_and_its_reason_survive_a_restart() -> None:
    """2 (qpanel#66): the pause, its reason and since when."""
    house = House(agent("a"), agent("b"))
    house.t += SECOND
    house.tell(f.AgentPaused, agent=AgentId("a"), reason="Almuerzo", by="telephone")
    paused = house.engine.agents()[0]
    assert (paused.reason, paused.since_us) == ("Almuerzo", SECOND)
    house.engine = Engine.restore(house.config, json.loads(json.dumps(house.engine.snapshot())))
    house.t += SECOND
    house.start()
    house.picture()
    assert house.engine.agents()[0] == paused
    assert rung(house.caller("c1")) == ["b"]


def test_gap_2_a_pause_that_was_said_is_not_shortened_by_a_rule() -> None:
    """2 (qpanel#66): who goes to lunch while the phone rings and misses the call is still at lunch afterwards."""
    house = House(agent("a"), no_answer=OfferRule(pause_after=1, pause_us=15 * SECOND))
    (made,) = offers(house.caller("c1"))
    house.tell(f.AgentPaused, agent=AgentId("a"), reason="Almuerzo")
    house.fails(made.offer)
    house.after(60)
    assert house.engine.agents()[0].reason == "Almuerzo"
    assert house.status("a").value == "paused"


# -- 3 fairness across queues


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_gap_3_an_agent_of_two_queues_serves_both_in_the_order_of_coming(strategy: str) -> None:
    """3 (asterisk#1691, #1637; Wazo): an agent of several queues neither stops serving one nor starves it; callers of
    all the agent's queues come in the order of their coming, each time."""
    served = []
    for _ in range(2):
        house = House(agent("a"), queues=(queue(ONE, strategy=strategy), queue(TWO, strategy=strategy)))
        (made,) = offers(house.caller("c0"))
        house.tell(f.OfferBridged, offer=made.offer)
        for number in range(1, 21):
            house.t += 1000
            house.caller(f"c{number}", (ONE, TWO)[number % 3 == 0])
        order = []
        while made is not None:
            made, ended = None, made
            for decision in (*house.tell(f.TalkEnded, offer=ended.offer), *house.after(0.001)):
                if isinstance(decision, MakeOffer):
                    order.append(decision.visit)
                    made = decision
                    house.tell(f.OfferBridged, offer=decision.offer)
        served.append(order)
    assert served[0] == served[1] == [f"c{number}/1" for number in range(1, 21)]


def test_gap_3_nobody_starves_beyond_the_bound() -> None:
    """3 (asterisk#1637): however many callers of the highest priority and weight come, who waits is served before those
    who came later than the bound that the configuration gives."""
    house = House(agent("a"), queues=(queue(ONE), queue(TWO, weight=9)), priority_us=10 * SECOND)
    bound = house.config.overtaking_bound_us
    assert bound == 10 * SECOND * 18
    (made,) = offers(house.caller("first", TWO, priority=9))
    house.tell(f.OfferBridged, offer=made.offer)
    house.caller("patient")
    overtakers, number = 0, 0
    while made.visit != "patient/1":
        house.t += 5 * SECOND
        number += 1
        house.caller(f"vip{number}", TWO, priority=9)
        (made,) = offers((*house.tell(f.TalkEnded, offer=made.offer), *house.after(0)))
        house.tell(f.OfferBridged, offer=made.offer)
        overtakers += 1
        assert house.t <= bound + 10 * SECOND
    assert overtakers <= bound // (5 * SECOND) + 1


# -- 6, last sentence: re-entering the queue loses the place


def test_gap_6_who_re_enters_the_queue_has_the_old_place() -> None:
    """6 (mod_callcenter and others): by way of the menu, by an overflow that keeps the time, by calling again."""
    house = House(agent("a"), queues=(queue(regain_us=60 * SECOND), queue(TWO)))
    (made,) = offers(house.caller("busy"))
    house.tell(f.OfferBridged, offer=made.offer)
    house.caller("early", caller="k1")
    house.t += SECOND
    house.caller("later")
    house.tell(f.CallerGone, visit=VisitId("early/1"), hung_up=False)
    house.t += SECOND
    house.caller("early", visit=2, caller="k1")
    assert [view.visit for view in house.engine.waiting(ONE)] == ["early/2", "later/1"]
    house.tell(f.CallerGone, visit=VisitId("early/2"), hung_up=True)
    house.t += SECOND
    house.caller("again", caller="k1")
    assert [view.visit for view in house.engine.waiting(ONE)] == ["again/1", "later/1"]
    house.tell(f.CallerGone, visit=VisitId("later/1"), hung_up=False)
    house.caller("other", TWO)
    house.caller("later", TWO, visit=2, keeps=True)
    assert [view.visit for view in house.engine.waiting(TWO)] == ["later/2", "other/1"]


# -- 8 skills


def test_gap_8_skills_with_levels_and_circles_that_widen() -> None:
    """8 (app_queue has no skills): alternatives of skills with levels, and more agents the longer a caller waits."""
    english, law = SkillId("ingles"), SkillId("derecho")
    needs = ((Need(skill=english, least=4), Need(skill=law)), (Need(skill=law, least=5),))
    wide = Step(after_us=30 * SECOND, needs=((Need(skill=english),),))
    house = House(
        AgentConfig(id=AgentId("beginner"), skills={english: 1}),
        AgentConfig(id=AgentId("translator"), skills={english: 5}),
        AgentConfig(id=AgentId("lawyer"), skills={law: 5}),
        queues=(QueueConfig(id=ONE, needs=needs, steps=(wide,), strategy="best skill"),),
    )
    (made,) = offers(house.caller("c1"))
    assert made.agent == "lawyer"
    house.tell(f.OfferBridged, offer=made.offer)
    assert rung(house.caller("c2")) == []
    assert rung(house.after(29.9)) == []
    assert rung(house.after(0.1)) == ["translator"]


# -- 9 zombies


def test_gap_9_no_agent_and_no_caller_is_stuck() -> None:
    """9 (freeswitch#2529, #1973, #2540): whatever word is lost, an offer ends by itself, its agent is free again and
    its caller goes on to the next one; a caller whose channel is gone is gone."""
    house = House(agent("a"), agent("b"))
    (made,) = offers(house.caller("c1"))
    later = house.after(60)  # nobody tells anything
    assert next(d.result for d in later if isinstance(d, CloseOffer)) is OfferResult.UNKNOWN
    assert offers(later), "the caller goes on"
    living = house.engine.offers()[0]
    house.tell(f.OfferAnswered, offer=living.offer)
    assert any(isinstance(d, CloseOffer) for d in house.after(63)), "a whisper does not last for ever"
    house.picture()
    assert house.engine.in_queue(ONE) == ()
    assert house.engine.ended(VisitId("c1/1")).outcome is VisitOutcome.ABANDONED  # type: ignore[union-attr]
    house.after(60)
    assert [one.status.value for one in house.engine.agents()] == ["available", "available"]
    assert made.offer != living.offer


def test_gap_9_a_talk_that_was_given_up_for_dead_lives_again() -> None:
    """9 (freeswitch#1973): an agent who talks is not free, also when a picture in between did not show it."""
    house = House(agent("a"))
    (made,) = offers(house.caller("c1"))
    house.after(23)
    assert house.engine.offer(made.offer) is None
    house.picture(legs={made.offer: LegState.BRIDGED})
    assert house.status("a").value == "talking"
    assert rung(house.caller("c2")) == []
    assert any(isinstance(d, BeginWrapUp) for d in house.tell(f.TalkEnded, offer=made.offer))


# -- 10 one unavailable agent


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("result", [OfferResult.UNREACHABLE, OfferResult.NO_ANSWER, OfferResult.REFUSED])
def test_gap_10_one_unavailable_agent_halts_nobody(strategy: str, result: OfferResult) -> None:
    """10 (freeswitch#1216): the agent whom the strategy likes best never answers; all callers are served by the
    others all the same."""
    house = House(agent("a", 5, weight=9), agent("b", 1), queues=(queue(strategy=strategy, ring_another_us=SECOND),))
    served = []
    for number in range(5):
        made = list(offers(house.caller(f"c{number}")))
        while made:
            offer = made.pop(0)
            if offer.agent == "a":
                made += offers(house.fails(offer.offer, result))
            else:
                house.tell(f.OfferBridged, offer=offer.offer)
                served.append(offer.visit)
                house.tell(f.TalkEnded, offer=offer.offer)
        house.after(15)
    assert served == [f"c{number}/1" for number in range(5)]


def test_gap_10_a_phone_that_is_away_is_not_rung_at_all() -> None:
    """10 (freeswitch#1216): and it comes back by itself."""
    house = House(agent("a"), agent("b"))
    house.phone("a", DeviceState.UNREACHABLE)
    assert rung(house.caller("c1")) == ["b"]
    assert rung(house.caller("c2")) == []
    assert rung(house.phone("a", DeviceState.FREE)) == ["a"]


# -- 11 ring all


@pytest.mark.parametrize("result", [OfferResult.REFUSED, OfferResult.NO_ANSWER])
def test_gap_11_ring_all_does_not_ring_everybody_again(result: OfferResult) -> None:
    """11 (FreePBX#1557): one phone of three is hung up: the other two ring on as they were, and the first is not rung
    again for this caller at once."""
    house = House(
        agent("a"),
        agent("b"),
        agent("c"),
        queues=(queue(strategy="ring all"),),
        no_answer=OfferRule(again_us=8 * SECOND),
    )
    made = offers(house.caller("c1"))
    assert [offer.agent for offer in made] == ["a", "b", "c"]
    after = house.fails(made[0].offer, result)
    assert [type(d) for d in after] == [CloseOffer]
    assert {offer.offer for offer in house.engine.offers()} == {made[1].offer, made[2].offer}
    assert rung(house.after(4)) == []


def test_gap_11_the_winner_hangs_up_before_the_bridge() -> None:
    """11 (FreePBX#1557): the others are offered again, who hung up is not."""
    house = House(agent("a"), agent("b"), agent("c"), queues=(queue(strategy="ring all"),))
    made = offers(house.caller("c1"))
    house.tell(f.OfferAnswered, offer=made[0].offer)
    for other in made[1:]:
        house.fails(other.offer, OfferResult.CANCELLED)
    assert rung(house.fails(made[0].offer, OfferResult.REFUSED)) == ["b", "c"]


# -- 12 a single miss


def test_gap_12_a_single_miss_pauses_nobody() -> None:
    """12 (FreePBX#816): three misses in a row by default; an answered call forgets them; a queue may ask for never."""
    house = House(agent("a"), no_answer=EngineConfig(queues=(), agents=()).no_answer)
    made = offers(house.caller("c1"))
    for miss in range(1, 4):
        after = house.fails(made[0].offer)
        assert any(isinstance(d, PauseAgent) for d in after) == (miss == 3)
        made = offers(after) or offers(house.after(5)) or made
    assert house.status("a").value == "paused"
    assert house.engine.agents()[0].reason == "no answer"


def test_gap_12_misses_count_in_a_row() -> None:
    """12 (FreePBX#816): two misses, an answered call, two misses: no pause."""
    house = House(agent("a"), no_answer=OfferRule(pause_after=3, again_us=0))
    for name in ("c1", "c2"):
        made = offers(house.caller(name))
        for _ in range(2):
            made = offers(house.fails(made[0].offer)) or offers(house.after(0.1))
        house.tell(f.OfferBridged, offer=made[0].offer)
        ended = house.tell(f.TalkEnded, offer=made[0].offer)
        assert any(isinstance(d, EndWrapUp) for d in ended)
    assert house.status("a").value == "available"


# -- 15 what the engine has to do with announcements


def test_gap_15_nobody_waits_for_an_announcement_while_an_agent_is_idle() -> None:
    """15 (asterisk#1568): a caller who joins while an agent is idle is offered with the same fact: there is no moment
    in which an announcement could begin; and the position that an announcement says is the place."""
    house = House(agent("a"))
    assert rung(house.caller("c1")) == ["a"]
    for name in ("c2", "c3"):
        house.caller(name)
    house.caller("vip", priority=9)
    assert [(view.visit, view.position) for view in house.engine.waiting(ONE)] == [
        ("vip/1", 1),
        ("c2/1", 2),
        ("c3/1", 3),
    ]
    assert house.engine.visit(VisitId("c1/1")).position == 0  # type: ignore[union-attr]


# -- 16 floods


def test_gap_16_a_reload_touches_what_has_changed_and_decides_nothing_else() -> None:
    """16 (asterisk#1972): a reload of 50 queues of 400 agents is one fact, and without a change nothing follows."""
    agents = tuple(AgentConfig(id=AgentId(f"{n}"), skills={SkillId("s"): 1 + n % 5}) for n in range(400))
    queues = tuple(queue(QueueId(f"q{n}")) for n in range(50))
    floor = Floor(config=EngineConfig(queues=queues, agents=agents))
    assert floor.tell(f.Reconfigured, config=floor.config.text) == ()
    fewer = EngineConfig(queues=queues[:10], agents=agents)
    assert floor.tell(f.Reconfigured, config=fewer.text) == ()


def test_exits_are_told_for_nobody_who_is_served() -> None:
    """A check of the helpers that the tests above rely on."""
    house = House(agent("a"))
    assert exits(house.caller("c1")) == []
    assert [d for d in house.caller("c2") if isinstance(d, EndVisit)] == []
