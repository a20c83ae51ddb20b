"""Messages and web hooks that are slow, refuse, fail, answer too much, or are not there."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from acd.model import AgentId, CallId, OfferId, QueueId, VisitId
from ivr import log as logs
from ivr.clock import LoopClock
from ivr.screenpops import delivery as at_work
from ivr.screenpops.delivery import Delivery
from ivr.screenpops.figures import ScreenPopFigures
from ivr.screenpops.message import Message, Who, message, signature
from ivr.screenpops.story import Moment
from ivr.site import ScreenPop
from ivr.testing.ports import free_port
from tests.tools import run
from tests.unit.screenpops.desktop import SECRET, desktop, unsigned

NUMBER = "3000000001"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Short pauses."""
    monkeypatch.setattr(at_work, "FIRST_PAUSE_SECONDS", 0.01)
    yield


def hook(url: str, **changes: object) -> ScreenPop:
    settings: dict[str, object] = {"secret": "crm", "at_most": timedelta(seconds=0.4), "tries": 3}
    return ScreenPop(name="crm", url=url, **(settings | changes))  # type: ignore[arg-type]


def about(offer: str = "660d", event: str = "ringing") -> Message:
    moment = Moment(
        event=event,
        at=datetime.now(UTC),
        offer=OfferId(offer),
        visit=VisitId("n1-1.0/1"),
        call=CallId("n1-1.0"),
        queue=QueueId("cartera"),
        agent=AgentId("301"),
        waited=timedelta(seconds=12.34),
    )
    return message(moment, Who(number=NUMBER, did="6017436967", segment="oro"), "Cartera")


class Counted:
    """A delivery and its figures."""

    def __init__(self, secret: Callable[[str], str] = lambda name: SECRET) -> None:
        self.registry = CollectorRegistry()
        self.delivery = Delivery(secret, LoopClock(), ScreenPopFigures(self.registry))

    def ended(self, outcome: str) -> float:
        labels = {"hook": "crm", "outcome": outcome}
        return self.registry.get_sample_value("centralita_screen_pops_total", labels) or 0.0

    def waiting(self) -> float | None:
        return self.registry.get_sample_value("centralita_screen_pops_waiting", {"hook": "crm"})

    async def settled(self, seconds: float = 8) -> None:
        """Until nothing waits."""
        for _ in range(round(seconds / 0.01)):
            if not self.waiting():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"{self.waiting()} still wait")


@asynccontextmanager
async def counted(secret: Callable[[str], str] = lambda name: SECRET) -> AsyncIterator[Counted]:
    made = Counted(secret)
    try:
        yield made
    finally:
        await made.delivery.close()


@run
async def test_a_message_is_signed_and_tells_whose_call_it_is() -> None:
    async with desktop() as there, counted() as pops:
        pops.delivery.send(hook(there.url), about())
        await pops.settled()
        (told,), (headers,) = there.told, there.headers
        assert told.pop("at").endswith("+00:00")
        assert told == {
            "id": "660d-ringing",
            "event": "ringing",
            "call": "n1-1.0",
            "offer": "660d",
            "agent": "301",
            "queue": "cartera",
            "queue_label": "Cartera",
            "caller": NUMBER,
            "did": "6017436967",
            "segment": "oro",
            "waited_seconds": 12.3,
        }
        assert headers["centralita-delivery"] == "660d-ringing"
        assert headers["content-type"] == "application/json"
        assert there.proves(0) and not there.proves(0, "another secret")
        assert pops.ended("delivered") == 1 and pops.waiting() == 0


def test_the_signature_is_the_one_of_the_guide() -> None:
    at = datetime.fromtimestamp(1_795_000_000, UTC)
    # printf '1795000000.{}' | openssl dgst -sha256 -hmac secreto
    expected = "t=1795000000,v1=adbaf1e2399dd0cae424f8fd872e2a0719ab3841a08bfff806206f81cb9101ae"
    assert signature("secreto", b"{}", at) == expected


@run
async def test_a_failure_is_tried_again_with_the_same_id_and_a_signature_of_its_own() -> None:
    async with desktop(500, 429, 200) as there, counted() as pops:
        pops.delivery.send(hook(there.url), about())
        await pops.settled()
        assert [headers["centralita-delivery"] for headers in there.headers] == ["660d-ringing"] * 3
        assert all(there.proves(n) for n in range(3))
        assert there.bodies[0] == there.bodies[2]
        assert pops.ended("delivered") == 1


@run
async def test_a_hook_that_stays_broken_is_given_up() -> None:
    async with desktop(503) as there, counted() as pops:
        pops.delivery.send(hook(there.url), about())
        await pops.settled()
        assert len(there.told) == 3 and pops.ended("gave up") == 1


@pytest.mark.parametrize("answer", [400, 401, 404, 410, "redirect"])
@run
async def test_a_refusal_is_final_and_nobody_is_led_elsewhere(answer: int | str) -> None:
    async with desktop(answer) as there, counted() as pops:
        pops.delivery.send(hook(there.url), about())
        await pops.settled()
        assert len(there.told) == 1 and there.elsewhere == 0 and pops.ended("refused") == 1


@run
async def test_a_slow_hook_costs_its_time_and_no_more() -> None:
    loop = asyncio.get_running_loop()
    async with desktop("slow", 200) as there, counted() as pops:
        began = loop.time()
        pops.delivery.send(hook(there.url), about())
        assert loop.time() - began < 0.05, "whoever tells does not wait"
        await pops.settled()
        assert 0.4 <= loop.time() - began < 1.5 and pops.ended("delivered") == 1


@pytest.mark.parametrize(("answer", "outcome"), [("huge", "delivered"), ("drip", "gave up")])
@run
async def test_an_answer_without_an_end_is_not_read_to_it(answer: str, outcome: str) -> None:
    async with desktop(answer) as there, counted() as pops:
        pops.delivery.send(hook(there.url, tries=1), about())
        await pops.settled(3)
        assert pops.ended(outcome) == 1


@run
async def test_a_hook_that_is_down_is_tried_until_it_is_there() -> None:
    async with counted() as pops:
        pops.delivery.send(hook(f"http://127.0.0.1:{free_port()}/pop"), about())
        await pops.settled()
        assert pops.ended("gave up") == 1


@run
async def test_what_breaks_off_in_the_middle_is_a_failure() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 2")
        writer.close()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    async with server, counted() as pops:
        pops.delivery.send(hook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"), about())
        await pops.settled()
        assert pops.ended("gave up") == 1


@run
async def test_a_certificate_of_nobody_is_not_accepted(tmp_path: Path) -> None:
    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise AssertionError("something was told")

    server = await asyncio.start_server(never, "127.0.0.1", 0, ssl=unsigned(tmp_path))
    async with server, counted() as pops:
        pops.delivery.send(hook(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"), about())
        await pops.settled()
        assert pops.ended("gave up") == 1


@run
async def test_the_messages_of_one_offer_arrive_in_order() -> None:
    async with desktop(500, 200) as there, counted() as pops:
        for event in ("ringing", "answered", "ended"):
            pops.delivery.send(hook(there.url), about(event=event))
        await pops.settled()
        assert [told["event"] for told in there.told] == ["ringing", "ringing", "answered", "ended"]


@run
async def test_not_more_than_fit_wait_and_not_all_are_sent_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_work, "MOST_WAITING", 40)
    async with desktop("busy") as there, counted() as pops:
        for n in range(50):
            pops.delivery.send(hook(there.url, tries=1, at_most=timedelta(seconds=5)), about(f"{n:03}"))
        assert pops.ended("dropped") == 10
        await pops.settled()
        assert pops.ended("delivered") == 40 and len({told["id"] for told in there.told}) == 40
        assert there.most_at_once <= at_work.AT_ONCE


@run
async def test_what_is_too_old_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_work, "OLDEST_SECONDS", 0.2)
    async with desktop("slow") as there, counted() as pops:
        pops.delivery.send(hook(there.url, tries=9), about())
        await pops.settled(2)
        assert len(there.told) == 1 and pops.ended("gave up") == 1


@run
async def test_without_its_secret_nothing_is_sent() -> None:
    def missing(name: str) -> str:
        raise FileNotFoundError(name)

    for secret in (missing, lambda name: ""):
        async with desktop() as there, counted(secret) as pops:
            pops.delivery.send(hook(there.url), about())
            await pops.settled()
            assert there.told == [] and pops.ended("refused") == 1


@run
async def test_the_servers_end_does_not_wait_for_a_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_work, "CLOSING_SECONDS", 0.1)
    loop = asyncio.get_running_loop()
    async with desktop("slow") as there:
        pops = Counted()
        pops.delivery.send(hook(there.url, at_most=timedelta(seconds=10)), about())
        await there.until_told(1)
        began = loop.time()
        await pops.delivery.close()
        assert loop.time() - began < 1 and pops.waiting() == 0


@run
async def test_nothing_is_sent_after_the_servers_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A talk's message waits for the one about its ringing: both end."""
    monkeypatch.setattr(at_work, "CLOSING_SECONDS", 0.1)
    async with desktop("slow") as there:
        pops = Counted()
        for event in ("ringing", "answered"):
            pops.delivery.send(hook(there.url, at_most=timedelta(seconds=0.3)), about(event=event))
        await there.until_told(1)
        await pops.delivery.close()
        assert pops.waiting() == 0
        await asyncio.sleep(0.5)
        assert len(there.told) == 1


@run
async def test_the_log_tells_neither_number_nor_address_nor_secret() -> None:
    stream = io.StringIO()
    before, level = logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure(level="DEBUG", stream=stream)
    try:
        for answer in (200, 500, 404, "slow"):
            async with desktop(answer) as there, counted() as pops:
                pops.delivery.send(hook(there.url + "?token=abc"), about())
                await pops.settled()
        async with counted() as pops:
            pops.delivery.send(hook(f"http://127.0.0.1:{free_port()}/pop?token=abc"), about())
            await pops.settled()
    finally:
        logging.getLogger().handlers[:] = before
        logging.getLogger().setLevel(level)
    said = stream.getvalue()
    assert said.count("a screen pop was given up") == 3 and said.count("a screen pop was refused") == 1
    for word in (NUMBER, "token", "abc", "/pop", SECRET, "v1="):
        assert word not in said, word
    assert NUMBER not in repr(about()) and json.loads(about().body)["caller"] == NUMBER
