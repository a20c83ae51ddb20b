"""An inbox with real files and a real database, and a clock that stands still."""

import struct
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from ivr.records.store import RecordStore
from ivr.site import Site
from ivr.site.hours import HolidayCalendar
from ivr.site.mailboxes import Mail, Mailbox
from ivr.testing.clock import ManualClock
from ivr.voicemail.figures import VoicemailFigures
from ivr.voicemail.files import MessageFiles
from ivr.voicemail.inbox import Inbox
from ivr.voicemail.post import Post
from ivr.voicemail.store import MessageStore
from tests import records

BOX = Mailbox(
    name="servicio",
    label="Servicio al Cliente",
    extensions=("101", "102"),
    email=(),
    greeting=None,
    longest=timedelta(minutes=2),
    shortest=timedelta(seconds=2),
    silence=timedelta(seconds=4),
    most=3,
    keep=timedelta(days=30),
    unheard=timedelta(hours=4),
    delete_after_email=False,
)


def site_with(*boxes: Mailbox, mail: Mail | None = None, language: str = "es-CO") -> Site:
    """A site with these mailboxes and nothing else."""
    return Site(
        label="Línea",
        timezone="America/Bogota",
        language=language,
        languages=(language,),
        holidays=HolidayCalendar(country="CO"),
        lines=4,
        trunks={},
        numbers={},
        reception="100",
        fallback_after=timedelta(seconds=15),
        extensions={},
        queues={},
        agents={},
        hours={},
        prompts={},
        flows={},
        entry={},
        version="0" * 64,
        mailboxes={box.name: box for box in boxes},
        mail=mail,
    )


def wav(seconds: float, *, true_header: bool = True) -> bytes:
    """What Asterisk writes; a killed one leaves a header that says 0."""
    audio = b"\x01\x02" * round(8000 * seconds)
    size = len(audio) if true_header else 0
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + fmt + struct.pack("<4sI", b"data", size) + audio


class House:
    """One server's life: `open`, and `again` after a crash or a restart on the same folder and database."""

    def __init__(self, folder: Path, site: Site | None = None) -> None:
        self.folder = folder
        self.site = site or site_with(BOX)
        self.clock = ManualClock()
        self.alive: set[str] = set()
        self.told: list[Any] = []
        self.keys: list[str] = []
        self.records = RecordStore.open(records.fresh(folder / "records.sqlite"))
        self.store = MessageStore(self.records.engine)
        self.files = MessageFiles(folder / "voicemail")
        self.inbox = self.fresh()

    def fresh(self) -> Inbox:
        """The inbox of a new process, not opened yet."""
        return Inbox(
            site=lambda: self.site,
            store=self.store,
            files=self.files,
            clock=self.clock,
            tell=self._tell,
            alive=lambda call: call in self.alive,
        )

    def _tell(self, event: Any, key: str | None) -> None:
        if key is not None and key in self.keys:
            return  # the journal keeps a key once for ever
        self.told.append(event)
        if key is not None:
            self.keys.append(key)

    async def open(self) -> Inbox:
        """A new process on what is on disk."""
        self.inbox = self.fresh()
        await self.inbox.open()
        return self.inbox

    def rename_table(self, name: str, new: str) -> None:
        """Take a table away, or bring it back."""
        with self.records.engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE {name} RENAME TO {new}"))

    def change(self, **settings: Any) -> None:
        """The site, with the mailbox's settings changed."""
        box = replace(self.site.mailboxes["servicio"], **settings)
        self.site = replace(self.site, mailboxes={"servicio": box})

    def speak(self, file: str, seconds: float, **form: bool) -> Path:
        """What Asterisk does when the caller speaks."""
        path = self.inbox.path_of(file)
        assert path is not None
        audio = Path(path + ".wav")
        audio.write_bytes(wav(seconds, **form))
        return audio

    async def leave(self, seconds: float = 5, call: str = "n1-1.1", caller: str = "key") -> str:
        """A whole message."""
        file = await self.inbox.begin("servicio", call, caller)
        self.speak(file, seconds)
        assert await self.inbox.keep("servicio", file)
        return file

    def of(self, kind: type) -> list[Any]:
        """The facts of a kind that were told."""
        return [fact for fact in self.told if isinstance(fact, kind)]

    async def close(self) -> None:
        """Let everything go."""
        await self.inbox.close()
        self.records.close()


def voicemail_figures(folder: Path) -> VoicemailFigures:
    """The figures of a house that was just built."""
    house = House(folder)
    post = Post(site=lambda: house.site, store=house.store, inbox=house.inbox, clock=house.clock, secret=str)
    return VoicemailFigures(house.inbox, post, lambda: house.site, house.clock.now)
