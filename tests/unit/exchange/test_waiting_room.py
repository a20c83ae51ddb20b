"""A waiting caller's keys, what the engine is told of a caller who joins, and when nothing is announced."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from acd.codec import decode
from acd.facts import CallerJoined, DeviceChanged, OfferAnswered, OfferFailed
from acd.model import AgentId, DeviceState, OfferResult, VisitOutcome
from ivr.exchange.ticket import Ticket
from ivr.language import load_site
from ivr.site import Site
from ivr.testing.asterisk_agi import ScriptedChannel
from tests.tools import run
from tests.unit.exchange.bench import ANNA, CALL, CARTERA, ROOT, VISIT, Bench, bench

QUEUE = "1;linea_principal;cartera;0;1;;anuncio_grabacion"


def with_keys(**settings: object) -> Site:
    """The company's site, whose step `cartera` leads out by 5 and *; `settings` of the queue cartera."""
    site = load_site(ROOT / "config", ROOT / "ivr" / "flows").site
    assert site is not None
    flow = site.flows["linea_principal"]
    step = flow.steps["cartera"].model_copy(update={"keys": {"5": "buzon", "*": "menu"}})
    queue = replace(site.queues["cartera"], **settings)  # type: ignore[arg-type]
    flows = {**site.flows, flow.name: replace(flow, steps={**flow.steps, "cartera": step})}
    return replace(site, flows=flows, queues={**site.queues, "cartera": queue})


def channel(
    path: str, third: str = "", ticket: str = "", keys: Sequence[tuple[float, str]] = (), place: str = QUEUE
) -> ScriptedChannel:
    given = ("6017436967", place, third, ticket, "2026-11-23T10:00")
    environment = {"agi_uniqueid": CALL, "agi_callerid": "3000000001"}
    environment |= {f"agi_arg_{n}": text for n, text in enumerate(given, 1)}
    return ScriptedChannel(path=path, environment=environment, keys=list(keys))


async def waits(b: Bench, minutes: int = 0) -> str:
    """The caller waits; the ticket."""
    await b.starts()
    joined_at = b.clock.now() - timedelta(minutes=minutes)
    b.desk.submit(CallerJoined(at=joined_at, t=0, visit=VISIT, call=CALL, queue=CARTERA))
    await b.dispatcher.settled()
    return str(Ticket(VISIT, CARTERA, joined_at, 0))


def outcome(b: Bench) -> VisitOutcome | None:
    ended = b.dispatcher.engine.ended(VISIT)
    return ended.outcome if ended else None


async def joined(b: Bench) -> CallerJoined:
    """The last one that the engine was told of."""
    found = [decode(e.event) async for e in b.journal.read(0) if e.event["e"] == "caller joined"]
    assert isinstance(found[-1], CallerJoined)
    return found[-1]


# ------------------------------------------------------------------ keys
@run
async def test_a_key_that_leads_out_leaves_the_queue_and_goes_back_to_the_flow() -> None:
    async with bench() as b:
        b.site = with_keys()
        await b.login(state=DeviceState.BUSY)
        variables = await b.visits(channel("key", "5", await waits(b)))
        assert variables == {"RETURNED": "key 5", "TICKET": "", "DONE": "call"}
        assert outcome(b) is VisitOutcome.LEFT


@run
async def test_every_other_key_changes_nothing() -> None:
    async with bench() as b:
        b.site = with_keys()
        await b.login(state=DeviceState.BUSY)
        ticket = await waits(b)
        for key in ("1", "#", "", "5x", "x"):
            call = channel("key", key, ticket) if key != "5x" else channel("key", "7", ticket)
            assert await b.visits(call) == {"DONE": "wait"}
        assert outcome(b) is None and len(await b.story("caller joined")) == 1


@run
async def test_a_key_of_a_step_that_is_not_the_one_of_this_queue_means_nothing() -> None:
    async with bench() as b:
        b.site = with_keys()
        await b.login(state=DeviceState.BUSY)
        ticket = await waits(b)
        for place in ("", "1;linea_principal;servicio;0;1;;", "1;linea_principal;menu;0;1;;", "rubbish"):
            assert await b.visits(channel("key", "5", ticket, place=place)) == {"DONE": "wait"}


@run
async def test_a_key_comes_too_late_once_an_agent_has_picked_up() -> None:
    async with bench() as b:
        b.site = with_keys()
        await b.login()
        offer = await b.joins()
        b.desk.submit(OfferAnswered(at=b.clock.now(), t=0, offer=offer))
        ticket = str(Ticket(VISIT, CARTERA, b.clock.now(), 0))
        assert await b.visits(channel("key", "5", ticket)) == {"DONE": "wait"}
        assert outcome(b) is None


@run
async def test_a_key_while_a_phone_rings_stops_it() -> None:
    async with bench() as b:
        b.site = with_keys()
        await b.login()
        offer = await b.joins()
        await b.visits(channel("key", "*", str(Ticket(VISIT, CARTERA, b.clock.now(), 0))))
        assert b.deeds[-1] == ("cancel", offer)


@run
async def test_a_key_in_an_announcement_cuts_it_and_counts() -> None:
    async with bench() as b:
        b.site = with_keys(announce="espera", announce_every=timedelta(seconds=30))
        await b.login(state=DeviceState.BUSY)
        call = channel("visit", "", await waits(b, minutes=1), keys=[(0.2, "7"), (0.4, "*")])
        variables = await b.visits(call)
        assert variables == {"RETURNED": "key *", "TICKET": "", "DONE": "call"}
        assert [heard.sound for heard in call.heard] == ["espera"]


@run
async def test_a_key_that_was_pressed_before_the_server_died_is_a_way_out_and_no_abandoned_call() -> None:
    """The channel had it already; the journal had not."""
    async with bench() as b:
        b.site = with_keys()
        await b.login(state=DeviceState.BUSY)
        await waits(b)
        await b.visits(channel("call", "key *"))
        assert outcome(b) is VisitOutcome.LEFT


# ------------------------------------------------------------------ announcements
async def announced(b: Bench, ticket: str) -> list[str]:
    call = channel("visit", "", ticket)
    await b.visits(call)
    return [heard.sound for heard in call.heard]


@run
async def test_nothing_is_announced_while_an_agent_is_being_connected_or_could_be() -> None:
    """Gap 15 of the features: elsewhere callers heard announcements while agents were idle (#1568)."""
    async with bench() as b:
        b.site = with_keys(announce="espera", announce_every=timedelta(seconds=30), position=False)
        await b.login()
        offer = await b.joins()
        ticket = str(Ticket(VISIT, CARTERA, b.clock.now() - timedelta(minutes=1), 0))
        assert await announced(b, ticket) == [], "a phone rings"
        b.desk.submit(OfferAnswered(at=b.clock.now(), t=0, offer=offer))
        assert await announced(b, ticket) == [], "an agent hears the whisper"


@run
async def test_nothing_is_announced_while_an_agent_is_free_who_has_just_missed_the_caller() -> None:
    async with bench() as b:
        b.site = with_keys(announce="espera", announce_every=timedelta(seconds=30), position=False)
        await b.login()
        offer = await b.joins()
        ticket = str(Ticket(VISIT, CARTERA, b.clock.now() - timedelta(minutes=1), 0))
        b.desk.submit(OfferFailed(at=b.clock.now(), t=0, offer=offer, result=OfferResult.NO_ANSWER))
        assert await announced(b, ticket) == [], "rings again in a moment"
        b.desk.submit(DeviceChanged(at=b.clock.now(), t=0, agent=ANNA, state=DeviceState.BUSY))
        assert await announced(b, ticket) == ["espera"]


@run
async def test_the_place_is_told_where_the_queue_wants_it() -> None:
    for position, told in ((True, 4), (False, 1)):
        async with bench() as b:
            b.site = with_keys(announce="espera", announce_every=timedelta(seconds=30), position=position)
            await b.login(state=DeviceState.BUSY)
            assert len(await announced(b, await waits(b, minutes=1))) == told


# ------------------------------------------------------------------ joining
@run
async def test_the_engine_is_told_who_joins_and_the_ticket_too() -> None:
    async with bench() as b:
        b.site = with_keys(last_agent="members")
        b.last_agents.talks["key-3000000001"] = ANNA
        await b.login(state=DeviceState.BUSY)
        call = channel("call", place="", keys=[(2.5, "3")])
        variables = await b.visits(call)
        fact = await joined(b)
        assert (fact.caller, fact.last_agent, fact.keeps) == ("key-3000000001", AgentId("301"), True)
        assert b.last_agents.begun == ["key-3000000001"], "asked while the caller hears the menu"
        ticket = Ticket.parse(variables["TICKET"])
        assert ticket is not None and (ticket.caller, ticket.last_agent) == (fact.caller, fact.last_agent)


@run
async def test_a_queue_that_prefers_nobody_asks_nothing() -> None:
    async with bench() as b:
        b.site = with_keys(last_agent="off")
        b.last_agents.talks["key-3000000001"] = ANNA
        await b.login(state=DeviceState.BUSY)
        call = channel("call", place="", keys=[(2.5, "3")])
        await b.visits(call)
        assert (await joined(b)).last_agent is None


@run
async def test_who_comes_back_has_a_ticket_from_the_first_joining_on() -> None:
    """A place that only the journal knew would be lost with it."""
    async with bench() as b:
        b.site = with_keys()
        await b.login(state=DeviceState.BUSY)
        began = b.clock.now()
        first = await waits(b)
        b.clock.advance(40)
        await b.visits(channel("key", "*", first))
        b.clock.advance(20)
        call = channel("call", "key *", keys=[(0.1, "3")])
        variables = await b.visits(call)
        ticket = Ticket.parse(variables["TICKET"])
        assert ticket is not None and ticket.visit == f"{CALL}/2"
        assert ticket.joined_at - began < timedelta(seconds=1)
        (view,) = b.dispatcher.engine.waiting(CARTERA)
        assert view.joined_us - view.since_us >= 59_000_000
