"""A whole company line for a test: its own Asterisk, server, folders and ports, gone without trace afterwards.

    instance = await Instance.start(tmp_path, changes={"queues.yaml": {"queues": {"servicio": {"ring": "3 s"}}}})
    ana = await instance.caller("3000000001")
    await ana.hears("bienvenida")
    await instance.stop()

The site is the repository's own, copied, with `changes` laid over it (None removes an entry). Between server and
Asterisk stand two switches, `instance.ami` and `instance.agi`: cut them to make an outage. Several instances live
beside each other; an instance never takes a fixed port.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from prometheus_client.parser import text_string_to_metric_families

from ivr.control.client import ControlError
from ivr.testing.ears import Ears, ears_of, sounds_of
from ivr.testing.installation import ROOT, Installation
from ivr.testing.person import Person
from ivr.testing.phone import Phone
from ivr.testing.phone.messages import Headers
from ivr.testing.relay import Relay
from ivr.testing.stalls import STALLS

LINE = "6017436967"
"""The number of the main line."""


class Instance(Installation):
    """An installation with people: `phones` by extension, `persons` in the order of their coming."""

    def __init__(self, folder: Path, variables: Mapping[str, str], ami: Relay, agi: Relay) -> None:
        super().__init__(folder, variables, ami, agi)
        self.phones: dict[str, Phone] = {}
        self.persons: list[Person] = []
        self._lines: dict[str, Phone] = {}
        self._ears: Ears | None = None

    @classmethod
    async def start(  # type: ignore[override]  # one keyword more, which is no variable
        cls,
        folder: Path,
        *,
        root: Path = ROOT,
        changes: Mapping[str, Any] | None = None,
        server: bool = True,
        knows: Callable[[str], bool] = bool,
        **environ: str,
    ) -> Self:
        """Bring everything up. `root`: where the site lies (config/ and flows/), if not in the repository; `knows`:
        which sounds people recognise by name, for fewer are found faster; `environ` adds CENTRALITA_ variables
        (`journal="memory:"`). Raises InstanceError."""
        STALLS.watch()
        self = await super().start(folder, root=root, changes=changes, server=server, **environ)
        sounds = {name: file for name, file in sounds_of(self.paths.share, "es-CO").items() if knows(name)}
        # Off the loop and before the first call: half a second in which nobody would listen.
        self._ears = await asyncio.to_thread(ears_of, sounds)
        return self

    async def stop(self) -> None:
        """End everything, whatever state it is in."""
        for phone in [*self.phones.values(), *self._lines.values()]:
            await phone.close()
        await super().stop()

    # ---- phones and people

    @property
    def ears(self) -> Ears:
        """Know every prompt of the site and its music."""
        assert self._ears is not None
        return self._ears

    async def phone(self, extension: str, *, register: bool = True) -> Phone:
        """The phone of an extension, made and registered at the first time; the engine knows then that it can be rung,
        unless something stands between."""
        if extension not in self.phones:
            rows = (self.paths.secrets / "phones.csv").read_text().splitlines()[1:]
            passwords = dict(row.split(",", 1) for row in rows)
            phone = await Phone.open(extension, server=self.sip, password=passwords[extension])
            self.phones[extension] = phone
            if register:
                await phone.register()
                await self._until_reachable(extension)
        return self.phones[extension]

    async def _until_reachable(self, extension: str, seconds: float = 3) -> None:
        """Asterisk answers a REGISTER before it tells us of it. Returns when the time is over, too: a phone at which
        nothing arrives then fails the test in its own words."""
        deadline = time.monotonic() + seconds
        while self.ami.passes and time.monotonic() < deadline:
            try:
                row = await self.api(f"/agents/{extension}")
            except ControlError:  # no server, or nobody's extension
                return
            if row["state"] != "unreachable":
                return
            await asyncio.sleep(0.02)

    async def forget_phones(self) -> None:
        """Every phone unregisters and is closed: the next test begins with none."""
        for phone in self.phones.values():
            phone.on_call = None
            with contextlib.suppress(Exception):
                await phone.unregister()
            await phone.close()
        self.phones.clear()

    async def dial(
        self, number: str, *, did: str = LINE, at: str = "", name: str = "", address: str = "127.0.0.10"
    ) -> Person:
        """A caller whose number is `number` calls a number of the company; not yet answered."""
        line = self._lines.get(address)
        if line is None:
            line = self._lines[address] = await Phone.open("operador", server=self.sip, address=address)
        headers: Headers = (("X-Centralita-At", at),) if at else ()
        call = await line.call(did, shown_number=number, shown_name=name, headers=headers)
        return self._person(number, Person(number, call, self.ears))

    async def caller(self, number: str, **how: str) -> Person:
        """As `dial`, and answered."""
        person = await self.dial(number, **how)
        await person.call.answered()
        return person

    async def agent(self, extension: str, *, seconds: float = 10, answer: bool = True) -> Person:
        """The agent's end of the next call to an extension: rings, and is answered at once unless `answer` is off."""
        phone = await self.phone(extension)
        call = await phone.incoming(seconds)
        await call.ring()
        if answer:
            await call.answer()
        return self._person(extension, Person(extension, call, self.ears))

    def _person(self, name: str, person: Person) -> Person:
        self.persons.append(person)
        return person

    async def call_id(self, person: Person) -> str:
        """The id of a living caller's call: the unique id of the channel that shows this number."""
        for line in (await self.cli("core show channels concise")).splitlines():
            fields = line.split("!")
            if len(fields) > 13 and fields[0].startswith("PJSIP/trunk-") and fields[7] == person.name:
                return fields[-1]
        raise AssertionError(f"no channel of {person.name}")

    # ---- what it says of itself

    async def metric(self, name: str, **labels: str) -> float:
        """A figure of /metrics; 0 when it is not there. Several that match are added."""
        text = (await self.get("/metrics"))[1]
        total = 0.0
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    total += sample.value
        return total

    async def until_metric(
        self, name: str, value: float, seconds: float = 5, *, at_least: bool = False, **labels: str
    ) -> None:
        """Until a figure has a value (or more); AssertionError with the value that it has otherwise."""
        deadline = time.monotonic() + seconds
        while (seen := await self.metric(name, **labels)) != value and not (at_least and seen > value):
            assert time.monotonic() < deadline, f"{name}{labels or ''} is {seen:g}, not {value:g}"
            await asyncio.sleep(0.1)

    async def records(self) -> list[dict[str, Any]]:
        """The rows of `ivr calls --json`, the newest first."""
        lines = (await self.command("calls", "--json", "--limit", "1000")).splitlines()
        return [json.loads(line) for line in lines]

    def recordings(self) -> dict[str, Path]:
        """The recorded talks that are not in the vault yet by file name, the oldest first."""
        files = sorted(self.paths.recordings.glob("*.raw"), key=lambda file: file.stat().st_mtime)
        return {file.stem: file for file in files}

    def told(self) -> str:
        """What every person heard, for the message of a failed test."""
        return "\n".join(f"{person.name}: {person.story()} {person.call.state.value}" for person in self.persons)
