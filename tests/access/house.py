"""A running server for questions about who may do what: `ivr serve` as it is, with stores of its own and no Asterisk.

Two calls wait in it, one in the queue `cartera`, the other in `servicio`, and there are messages in the mailboxes of
these names. The supervisor's account names the queue and the mailbox `cartera`, the agent's account the extension 301,
which serves this queue alone; so whatever belongs to `servicio` is somebody else's.
"""

import asyncio
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import create_engine, insert

from ivr.access.model import Role
from ivr.install.asterisk import tied
from ivr.install.paths import Paths
from ivr.install.sounds import PromptFiles
from ivr.language.load import load_site
from ivr.records import tables
from ivr.settings.environment import Environment
from ivr.testing.asterisk_agi import ScriptedChannel
from ivr.testing.instance_site import copy_site
from ivr.testing.ports import free_audio_ports, free_port
from recordings.catalogue import Recording, SqlCatalogue
from tests.access.browser import Browser

ROOT = Path(__file__).parents[2]
IVR = Path(sys.executable).with_name("ivr")

QUEUE, AGENT, TIMETABLE = "cartera", "301", "oficina"
OTHER_QUEUE, OTHER_AGENT, OTHER_TIMETABLE = "servicio", "101", "nocturno"
CALL, OTHER_CALL = "n1-1795500000.1", "n1-1795500000.2"
NUMBERS = {CALL: "3000000001", OTHER_CALL: "3000000002"}
MESSAGES = {
    QUEUE: [f"{letter * 9}2" for letter in "bcdfghjkmn"],
    OTHER_QUEUE: [f"{letter * 9}3" for letter in "bcdfgh"],
}
RECORDING, OTHER_RECORDING = "n1-1795400000.1_000000000001", "n1-1795400000.2_000000000002"
OTHER_ACCOUNT = "otra"

ALWAYS = {"label": "Siempre", "week": {"monday to sunday": "00:00 to 24:00"}, "holidays": "like any day"}
CHANGES: Mapping[str, Any] = {
    "queues.yaml": {"queues": {QUEUE: {"open": TIMETABLE}}},
    "hours.yaml": {"hours": {OTHER_TIMETABLE: ALWAYS}},
}
READY_SECONDS = 60


class House:
    """The server, and a browser for each role."""

    def __init__(self, folder: Path, **environ: str) -> None:
        config, flows = copy_site(ROOT, folder, CHANGES)
        self.var = folder / "var"
        self._log = folder / "server.log"
        others = {name: value for name, value in os.environ.items() if not name.startswith("CENTRALITA_")}
        self._variables = {
            "CENTRALITA_CONFIG": str(config),
            "CENTRALITA_FLOWS": str(flows),
            "CENTRALITA_VAR": str(self.var),
            "CENTRALITA_SIP": f"127.0.0.1:{free_port(udp=True)}",
            "CENTRALITA_AMI": f"127.0.0.1:{free_port()}",
            "CENTRALITA_FASTAGI": f"127.0.0.1:{free_port()}",
            "CENTRALITA_HTTP": f"127.0.0.1:{free_port()}",
            "CENTRALITA_RTP": free_audio_ports(),
            "CENTRALITA_RATE": "10000",
            "CENTRALITA_WATCH": "no",
            "CENTRALITA_ASTERISK_ROOT": "/",  # so nothing of it is looked for here
            **{f"CENTRALITA_{name.upper()}": value for name, value in environ.items()},
        }
        self.environment = Environment.from_environ(self._variables)
        self._environ = others | self._variables
        self.browsers: dict[Role, Browser] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self.admin = self._browser("admin", "")

    def start(self) -> None:
        """Bring the server up, with calls, messages and accounts."""
        Paths.of(self.environment).make()
        for box, names in MESSAGES.items():
            (self.var / "voicemail" / box).mkdir(parents=True)
            for name in names:
                (self.var / "voicemail" / box / f"{name}.wav").write_bytes(_a_second_of_silence())
        self._prompts()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(tied([str(IVR), "serve"]), env=self._environ, cwd=ROOT, stdout=log,
                                             stderr=log)  # fmt: skip
        self._until_there()
        with ThreadPoolExecutor(1) as thread:  # here the tests' own loop runs
            thread.submit(lambda: asyncio.run(self._calls())).result()
        self._talked()
        self._accounts()

    def stop(self) -> None:
        """End it."""
        for browser in (self.admin, *self.browsers.values()):
            browser.client.close()
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`ivr` with the server's settings."""
        return subprocess.run([str(IVR), *arguments], env=self._environ, cwd=ROOT, capture_output=True, text=True,
                              check=False)  # fmt: skip

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None
        return self._process.pid

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.environment.http.port}"

    def log(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-4000:]

    def alive(self, role: Role) -> Browser:
        """The browser of a role, logged in."""
        browser = self.browsers[role]
        if not browser.there:
            browser.log_in()
        return browser

    # ---- how it comes up

    def _prompts(self) -> None:
        """A breath of silence for each prompt: nobody hears them here, and to speak them all takes 11 s."""
        site = load_site(self.environment.config, self.environment.flows).site
        assert site is not None
        for file in PromptFiles.of(site, self.environment.config, Paths.of(self.environment)).missing():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(_a_second_of_silence())

    def _browser(self, name: str, password: str) -> Browser:
        return Browser.at(self.url, name, password)

    def _until_there(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                self.admin.client.get("/healthz", timeout=2)
                return
            except httpx.TransportError:
                assert self._process is not None
                assert self._process.poll() is None and time.monotonic() < deadline, self.log()
                time.sleep(0.1)

    async def _calls(self) -> None:
        """Two calls from outside, each in its queue."""
        agi = self.environment.fastagi
        for call, did in ((CALL, "6010000003"), (OTHER_CALL, "6010000001")):
            channel = ScriptedChannel(
                arguments=(did, "", "", "", "2026-11-23T10:00"),
                environment={"agi_uniqueid": call, "agi_callerid": NUMBERS[call]},
            )
            await channel.call(agi.host, agi.port)
            assert channel.variables.get("DONE") == "wait", (channel.variables, self.log())

    def _talked(self) -> None:
        """As if an agent of each queue had talked in its call: the rows are written as the ledger writes them."""
        engine = create_engine(self.environment.records)
        deadline = time.monotonic() + 15
        while True:  # the records are a moment behind the journal
            with engine.connect() as connection:
                known = set(connection.execute(tables.calls.select().with_only_columns(tables.calls.c.call)).scalars())
            if {CALL, OTHER_CALL} <= known:
                break
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.1)
        with engine.begin() as connection:
            for call, agent, queue in ((CALL, AGENT, QUEUE), (OTHER_CALL, OTHER_AGENT, OTHER_QUEUE)):
                connection.execute(insert(tables.legs).values(**_leg(call, agent, queue)))
        self._recorded(SqlCatalogue(engine))
        engine.dispose()

    def _recorded(self, catalogue: SqlCatalogue) -> None:
        """A talk of each queue, which waits for the vault: nobody has named a recipient."""
        folder, finished = self.var / "recordings", datetime(2026, 11, 22, 15, tzinfo=UTC)
        for name, agent, queue in ((RECORDING, AGENT, QUEUE), (OTHER_RECORDING, OTHER_AGENT, OTHER_QUEUE)):
            call, leg = name.split("_")
            file = folder / f"{name}.raw"
            file.write_bytes(bytes(32_000))
            catalogue.add(
                Recording(
                    recording=name,
                    call=call,
                    leg=leg,
                    queue=queue,
                    agent=agent,
                    finished=finished,
                    length_us=1_000_000,
                    bytes=32_000,
                    sha256="0" * 64,
                    file=file.name,
                )
            )

    def _accounts(self) -> None:
        self.admin.password = (self.var / "secrets" / "admin.password").read_text().strip()
        self.admin.log_in()
        self.admin.change_password("cuatro palabras que no van juntas")
        self.browsers[Role.ADMIN] = self.admin
        more: dict[Role, dict[str, Any]] = {
            Role.SUPERVISOR: {"queues": [QUEUE], "mailboxes": [QUEUE]},
            Role.AGENT: {"extension": AGENT},
            Role.AUDITOR: {},
            Role.MONITOR: {},
        }
        for role, values in more.items():
            first = f"la primera del que es {role.value}"
            self.add(role.value, role, password=first, **values)
            browser = self._browser(role.value, first)
            browser.log_in()
            browser.change_password(f"y la segunda de quien es {role.value}")
            self.browsers[role] = browser
        self.add(OTHER_ACCOUNT, Role.AGENT, extension=OTHER_AGENT, login=False)
        for recording in (RECORDING, OTHER_RECORDING):
            self.hold(recording)

    def add(self, name: str, role: Role, **values: Any) -> None:
        """Another account."""
        answer = self.admin.ask("POST", "/api/accounts", json={"name": name, "role": role.value, **values})
        assert answer.status_code == 201, answer.text

    def hold(self, recording: str, by: Role = Role.ADMIN) -> str:
        """A new hold on a recording: its id."""
        form = {"recording": recording, "reason": "un proceso"}
        answer = self.alive(by).ask("POST", "/api/recordings/holds", json=form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["hold"])

    def token(self, account: str = "", *, browser: Browser | None = None, scopes: tuple[str, ...] = ("*",)) -> Any:
        """A new token: its id and its text."""
        form = {"scopes": list(scopes), "days": 1, **({"account": account} if account else {})}
        answer = (browser or self.alive(Role.ADMIN)).ask("POST", "/api/tokens", json=form)
        assert answer.status_code == 201, answer.text
        return answer.json()


@contextmanager
def house(folder: Path, **environ: str) -> Iterator[House]:
    """Open for the time of a test. `environ` adds CENTRALITA_ variables."""
    here = House(folder, **environ)
    try:
        here.start()
        yield here
    finally:
        here.stop()


def _leg(call: str, agent: str, queue: str) -> dict[str, Any]:
    from datetime import UTC, datetime

    from ivr.figures.call_record import LegRecord
    from ivr.records.rows import row_of

    now = datetime.now(UTC)
    leg = LegRecord(call=call, n=1, kind="offer", agent=agent, queue=queue, offer=f"o{agent}", began=now, answered=now,
                    ended=now, result="answered", talk_us=0, hold_us=0, wrap_us=0, transfer="")  # fmt: skip
    return row_of(leg)


def _a_second_of_silence() -> bytes:
    data = bytes(16_000)
    head = (
        b"RIFF"
        + struct.pack("<I", 36 + len(data))
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    )
    return head + b"data" + struct.pack("<I", len(data)) + data
