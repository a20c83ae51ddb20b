"""What the live tests of the verbs share: their site, its menus, and a service outside that flows look up."""

import asyncio
import json
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ivr.testing.ears import Ears, sounds_of
from ivr.testing.instance import Instance
from ivr.testing.person import Person
from ivr.testing.ports import free_port
from tests.live.evidence import VERBS_SITE
from tests.live.scenes import OPEN

MENUS, DIGITS, TALKS, SUBFLOWS = "6010000001", "6010000002", "6010000003", "6010000004"
LOOK_UPS, MAILBOXES, CONDITIONS = "6010000005", "6010000006", "6010000007"
"""The numbers of the site, one for each topic."""

ASKED = "pregunta"
"""What every menu of a topic says."""

PORT = free_port()
"""Of the service outside."""

SLOW_SECONDS = 3.0
FOUND, NOT_THERE, SLOW, BROKEN = "1001", "1002", "1003", "1004"
"""Documents, by what the service does when it is asked for them."""

PHRASES = ("phrase_for", "phrase_press_", "phrase_message_review", "phrase_message_kept", "phrase_message_failed")
PHRASES += ("phrase_nothing_said", "phrase_mailbox_full")
"""The server's own sentences that these callers may hear."""


def knows(name: str) -> bool:
    """What our callers recognise: not the sentences of other dialogs, which are long."""
    return not name.startswith("phrase_") or name.startswith(PHRASES)


START = {"root": VERBS_SITE, "knows": knows}
CHANGES: dict[str, Any] = {
    "lookups.yaml": {
        "look-ups": {
            "notas": {"post": f"http://127.0.0.1:{PORT}/nota"},
            "servicio": {"get": f"http://127.0.0.1:{PORT}/cliente?documento={{documento}}"},
            "lenta": {"get": f"http://127.0.0.1:{PORT}/cliente?documento={{documento}}"},
        }
    }
}


class Service(ThreadingHTTPServer):
    """A customers' service, and notes of what was posted to it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", PORT), _Answers)
        self.notes: list[str] = []


class _Answers(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.notes.append(body["que"])
        self._answer(200, {})

    def do_GET(self) -> None:
        document = parse_qs(urlsplit(self.path).query)["documento"][0]
        if document == SLOW:
            time.sleep(SLOW_SECONDS)
        status = {FOUND: 200, SLOW: 200, BROKEN: 500}.get(document, 404)
        self._answer(status, {"saldo": 350})

    def _answer(self, status: int, body: dict[str, int]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def running_service() -> Iterator[Service]:
    """The service, in a thread of its own."""
    service = Service()
    thread = threading.Thread(target=service.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        service.server_close()
        thread.join(5)


async def chooses(line: Instance, number: str, did: str, key: str, *, at: str = OPEN) -> Person:
    """A caller who hears a topic's menu and presses a key."""
    caller = await line.caller(number, did=did, at=at)
    await caller.hears(ASKED)
    await caller.press(key)
    return caller


async def types(caller: Person, keys: str) -> None:
    """Press keys as people do. Asterisk drops a key that comes between two of the server's commands (res_agi.c,
    run_agi): on a machine that is busy with tests, that may be a tenth of a second."""
    for key in keys:
        await caller.press(key)
        await asyncio.sleep(0.3)


async def to_the_end(caller: Person, *names: str, seconds: float = 40) -> None:
    """What a caller hears after the menu, and nothing else, until the line hangs up."""
    await caller.call.ended(seconds)
    assert caller.call.ended_by == "them"
    found = heard_by(caller, ASKED, *names)
    assert found == [ASKED, *names], f"{caller.name} heard {found}, not {names}; in full: {caller.finish()}"


def heard_by(caller: Person, *expected: str) -> list[str]:
    """The names of what was heard in the whole call, without music. What a busy machine cut into pieces is told once;
    a piece that is none of the expected sounds, and no whole one, is not taken for anything."""
    names: list[str] = []
    pieces = False  # whether the last one was not whole
    for heard in caller.finish():
        if heard.name.startswith("music") or not (heard.whole or heard.name in expected):
            continue
        if not (pieces and names[-1] == heard.name):
            names.append(heard.name)
        pieces = not heard.whole
    return names


async def at_once(*callers: Coroutine[Any, Any, None]) -> None:
    """Several callers at the same time; when one fails, the others come to their end all the same."""
    for result in await asyncio.gather(*callers, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def until_noted(service: Service, before: int, *words: str) -> None:
    """Until just these words were posted to the service, in whatever order."""
    for _ in range(50):
        if len(service.notes) >= before + len(words):
            break
        await asyncio.sleep(0.1)
    assert sorted(service.notes[before:]) == sorted(words)


async def bilingual_ears(line: Instance) -> Ears:
    """Ears that know English too: as `en NAME`."""
    share = line.paths.share
    sounds = sounds_of(share, "es-CO") | {f"en {n}": file for n, file in sounds_of(share, "en").items() if n != "music"}
    return await asyncio.to_thread(Ears, {n: f for n, f in sounds.items() if knows(n.removeprefix("en "))})
