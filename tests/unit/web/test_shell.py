"""What stands before the API: proxies, names, monitors, sizes, rates, numbers at once, headers."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from ivr.access.addresses import OFFICE_SHARE, house_of
from ivr.settings.networks import networks
from ivr.web.addresses import Hosts, Networks
from ivr.web.asgi import Receive, Scope, Send
from ivr.web.limits import Bodies, Concurrency
from ivr.web.pace import Buckets, Pace
from ivr.web.shell import Outside, local, networked
from tests.tools import run

PROXY, CLIENT = "10.0.0.1", "203.0.113.7"


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells who asks."""
    client = scope["client"][0] if scope["client"] else ""
    headers = [(b"x-client", client.encode()), (b"x-scheme", scope["scheme"].encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"secret"})


def shell(now_us: Any = lambda: 0, **more: Any) -> Any:
    outside = Outside(
        proxies=Networks(networks(more.pop("proxies", PROXY))),
        monitors=Networks(networks("127.0.0.0/8, ::1")),
        offices=Networks(networks(more.pop("offices", ""))),
        names=("pbx.example.com",),
        known=more.pop("known", lambda address: True),
        pace=more.pop("pace", Pace()),
    )
    return networked(page, page, outside, now_us)


async def ask(
    app: Any,
    path: str = "/api/x",
    peer: str = CLIENT,
    host: str = "pbx.example.com",
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> httpx.Response:
    transport = httpx.ASGITransport(app=app, client=(peer, 1234))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
        return await client.request(more.pop("method", "GET"), path, headers=headers, **more)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client", "scheme"),
    [
        (PROXY, {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https"}, CLIENT, "https"),
        (PROXY, {"X-Forwarded-For": f"127.0.0.1, {CLIENT}"}, CLIENT, "http"),  # the client wrote the first itself
        (PROXY, {"X-Forwarded-For": f"{CLIENT}:4711, {PROXY}"}, CLIENT, "http"),
        (PROXY, {"X-Forwarded-For": "[2001:db8::1]:443"}, "2001:db8::1", "http"),
        (PROXY, {"X-Forwarded-For": "nonsense, ,"}, PROXY, "http"),
        (PROXY, {"X-Forwarded-Proto": "gopher"}, PROXY, "http"),
        (PROXY, {}, PROXY, "http"),
        (CLIENT, {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https"}, CLIENT, "http"),
    ],
)
@run
async def test_only_a_trusted_proxy_says_who_asks(
    peer: str, forwarded: Mapping[str, str], client: str, scheme: str
) -> None:
    answer = await ask(shell(), peer=peer, headers=forwarded)
    assert (answer.headers["x-client"], answer.headers["x-scheme"]) == (client, scheme)


@pytest.mark.parametrize(
    ("peer", "forwarded", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        (CLIENT, {}, 403),
        (PROXY, {"X-Forwarded-For": "127.0.0.1"}, 200),
        (PROXY, {"X-Forwarded-For": CLIENT}, 403),
        ("127.0.0.1", {"X-Forwarded-For": CLIENT}, 403),  # a proxy on this machine that nobody named
        ("127.0.0.1", {"Forwarded": "for=203.0.113.7"}, 403),
        (CLIENT, {"X-Forwarded-For": "127.0.0.1"}, 403),
    ],
)
@run
async def test_pages_without_a_session_are_for_the_monitors(
    peer: str, forwarded: Mapping[str, str], status: int
) -> None:
    answer = await ask(shell(), "/metrics", peer=peer, headers=forwarded, host="whatever")
    assert answer.status_code == status
    assert ("secret" in answer.text) is (status == 200)


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        ({"X-Forwarded-For": "127.0.0.1"}, 200),
        ({"X-Forwarded-For": CLIENT}, 403),
        ({"X-Real-IP": CLIENT}, 403),
        ({"Forwarded": f"for={CLIENT}"}, 403),
        ({"X-Forwarded-Proto": "https"}, 403),
        ({"X-Forwarded-For": "unknown"}, 403),
        ({"X-Forwarded-For": "unix:, 127.0.0.1"}, 403),
    ],
)
@run
async def test_a_proxy_on_this_machine_opens_the_monitors_pages_to_nobody(
    forwarded: Mapping[str, str], status: int
) -> None:
    """It is trusted, and does not say for whom it asks: the address that is left is its own, which is a monitor's."""
    answer = await ask(shell(proxies="127.0.0.1"), "/metrics", peer="127.0.0.1", headers=forwarded)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("pbx.example.com", True),
        ("PBX.example.com:8443", True),
        ("localhost:8080", True),
        ("127.0.0.1:8080", True),
        ("192.0.2.9", True),
        ("[::1]:8080", True),
        ("[2001:db8::1]", True),
        ("evil.example.com", False),
        ("pbx.example.com.evil.com", False),
        ("127.0.0.1.nip.io", False),
        ("2001:db8::1", False),
        ("[evil]", False),
        ("", False),
        (":80", False),
        ("localhost:99999", False),
        ("localhost:٨٠", False),
    ],
)
def test_a_name_that_is_not_ours(host: str, known: bool) -> None:
    assert Hosts(page, ["pbx.example.com"]).known(host) is known


@run
async def test_another_name_is_refused() -> None:
    answer = await ask(shell(), host="evil.example.com")
    assert answer.status_code == 421 and "CENTRALITA_NAMES" in answer.json()["error"]


@run
async def test_bodies_are_bounded_by_path() -> None:
    app = shell()
    assert (await ask(app, method="POST", content=b"x" * 16_384)).status_code == 200
    assert (await ask(app, method="POST", content=b"x" * 16_385)).status_code == 413
    assert (await ask(app, "/api/canary/start", method="POST", content=b"x" * 900_000)).status_code == 200
    assert (await ask(app, "/api/canary/start", method="POST", content=b"x" * 1_000_001)).status_code == 413
    assert (await ask(local(page, page), method="POST", content=b"x" * 20_000)).status_code == 413


@run
async def test_an_address_asks_only_so_often() -> None:
    now = 0
    app = shell(lambda: now, pace=Pace(2, 4))
    found = [(await ask(app)).status_code for _ in range(6)]
    assert found == [200] * 4 + [429] * 2
    assert (await ask(app)).headers["retry-after"] == "1"
    assert (await ask(app, peer="203.0.113.8")).status_code == 200
    now += 500_000
    assert [(await ask(app)).status_code for _ in range(2)] == [200, 429]
    by_proxy = [(await ask(app, peer=PROXY, headers={"X-Forwarded-For": f"198.51.100.{n}"})) for n in range(9)]
    assert {answer.status_code for answer in by_proxy} == {200}


@run
async def test_strangers_share_a_bound_behind_a_proxy_too() -> None:
    now, known = 0, {CLIENT}
    app = shell(lambda: now, pace=Pace(2, 4), known=known.__contains__)

    async def asks(client: str, peer: str = PROXY) -> int:
        return (await ask(app, peer=peer, headers={"X-Forwarded-For": client})).status_code

    assert [await asks(f"198.51.100.{n}") for n in range(6)] == [200] * 4 + [429] * 2
    assert await asks(CLIENT) == 200 and await asks("203.0.113.9", peer="203.0.113.9") == 429
    assert (await ask(app, "/metrics", peer="127.0.0.1")).status_code == 200
    now += 1_000_000
    assert [await asks(f"198.51.101.{n}") for n in range(10)].count(200) == 4


@run
async def test_an_office_asks_as_often_as_many() -> None:
    app = shell(lambda: 0, pace=Pace(1, 1), offices="203.0.113.0/28")
    found = [(await ask(app, peer="203.0.113.8")).status_code for _ in range(OFFICE_SHARE + 2)]
    assert found == [200] * OFFICE_SHARE + [429] * 2
    assert [(await ask(app, peer="203.0.113.99")).status_code for _ in range(2)] == [200, 429]
    by_proxy = [
        (await ask(app, peer=PROXY, headers={"X-Forwarded-For": "203.0.113.9"})).status_code
        for _ in range(OFFICE_SHARE)
    ]
    assert by_proxy == [200] * OFFICE_SHARE


def test_buckets_are_bounded_and_forget_the_oldest() -> None:
    buckets = Buckets(Pace(1, 1), most=10)
    for number in range(100):
        assert buckets.take(str(number), 0) == 0
    assert len(buckets) == 10
    assert buckets.take("99", 0) == 1.0 and buckets.take("0", 0) == 0


def test_a_house_is_an_ipv4_address_or_a_network_of_ipv6() -> None:
    assert house_of("2001:db8::1") == house_of("2001:db8::ffff:1") != house_of("2001:db8:0:1::1")
    assert house_of("::ffff:192.0.2.1") == "192.0.2.1" != house_of("192.0.2.2")


@run
async def test_only_so_many_at_once_but_streams_do_not_count() -> None:
    go = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await go.wait()
        await page(scope, receive, send)

    app = Concurrency(slow, 2, exempt=("/api/events",))
    asked = [asyncio.ensure_future(ask(app, path)) for path in ("/api/x", "/api/x", "/api/events", "/api/events")]
    await asyncio.sleep(0.05)
    refused = await ask(app)
    assert refused.status_code == 503 and refused.headers["retry-after"]
    go.set()
    assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200] * 4
    assert app.now == 0


@run
async def test_one_address_has_only_a_part_of_all_at_once() -> None:
    go = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await go.wait()
        await page(scope, receive, send)

    app = Concurrency(slow, 10, 2)
    asked = [asyncio.ensure_future(ask(app)) for _ in range(3)]
    other = asyncio.ensure_future(ask(app, peer="203.0.113.8"))
    await asyncio.sleep(0.05)
    go.set()
    assert sorted(answer.status_code for answer in await asyncio.gather(*asked)) == [200, 200, 503]
    assert (await other).status_code == 200


@run
async def test_an_office_has_a_larger_part_and_never_all() -> None:
    go = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await go.wait()
        await page(scope, receive, send)

    app = Concurrency(slow, 8, 2, office=lambda address: address == CLIENT)
    asked = [asyncio.ensure_future(ask(app)) for _ in range(8)]
    await asyncio.sleep(0.05)
    other = asyncio.ensure_future(ask(app, peer="203.0.113.8"))
    await asyncio.sleep(0.05)
    go.set()
    assert sorted(answer.status_code for answer in await asyncio.gather(*asked)) == [200] * 6 + [503] * 2
    assert (await other).status_code == 200


@run
async def test_who_sends_slowly_takes_nobodys_place() -> None:
    busy = 0

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal busy
        busy += 1
        message = await receive()
        assert message["body"] == b"hello" and not message["more_body"]
        assert (await receive())["type"] == "http.disconnect"
        await page(scope, receive, send)

    parts = [
        {"type": "http.request", "body": b"hel", "more_body": True},
        {"type": "http.request", "body": b"lo", "more_body": False},
        {"type": "http.disconnect"},
    ]
    go = asyncio.Event()

    async def receive() -> Any:
        if len(parts) == 2:
            await go.wait()
        return parts.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    sent: list[Any] = []
    scope = {"type": "http", "path": "/api/x", "headers": [(b"content-length", b"5")], "scheme": "http", "client": None}
    asked = asyncio.ensure_future(Bodies(counted)(scope, receive, send))
    await asyncio.sleep(0.01)
    assert busy == 0
    go.set()
    await asked
    assert busy == 1 and sent[0]["status"] == 200


@run
async def test_every_answer_has_the_headers_of_safety() -> None:
    for answer in (await ask(shell()), await ask(shell(), host="evil"), await ask(shell(), "/metrics")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in answer.headers
    behind = await ask(shell(), peer=PROXY, headers={"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https"})
    assert behind.headers["strict-transport-security"].startswith("max-age=")
