"""Answers the dialplan's visits to `/feature`: which dialog, for whom, and how it ended."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from ivr import log as logs
from ivr.asterisk.agi import AgiError, HungUp, Session
from ivr.clock import Clock
from ivr.features.agent import AgentCodes, Agents
from ivr.features.dialog import Dialog, GaveUp, Refused
from ivr.features.door import Door
from ivr.features.figures import FeatureFigures
from ivr.features.handset import AgiHandset, Sounds
from ivr.features.mailbox import Inbox, listen
from ivr.features.timetable import Overrides, Overriding
from ivr.install import secrets
from ivr.site import Site

log = logs.get(__name__)


@dataclass(frozen=True, kw_only=True)
class Rooms:
    """What the dialogs work with. `sounds` gives the prompts of a site, `secrets` is the folder of pins.csv."""

    site: Callable[[], Site]
    sounds: Callable[[Site], Sounds]
    clock: Clock
    inbox: Inbox[Any]
    overrides: Overrides
    agents: Agents
    secrets: Path
    figures: FeatureFigures


class Features:
    """The dialogs by telephone, by the names that the dialplan gives them."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._door = Door(
            lambda wanted: asyncio.to_thread(secrets.pins, rooms.secrets, wanted),
            lambda: rooms.clock.engine_us() / 1e6,
            rooms.figures,
        )
        self._dialogs: dict[str, Callable[[Dialog, str, str], Awaitable[None]]] = {
            "mailbox": self._own_mailbox,
            "mailboxes": self._any_mailbox,
            "timetable": self._timetable,
            **AgentCodes(rooms.agents).dialogs,
        }

    async def __call__(self, session: Session) -> None:
        """One visit: the feature, the extension that proved itself, and what it is about (may be empty)."""
        feature, extension, about = (*session.arguments, "", "", "")[:3]
        serve = self._dialogs.get(feature)
        site = self._rooms.site()
        if serve is None or extension not in site.extensions:
            log.warning("unknown feature", feature=feature, extension=extension)
            return
        with structlog.contextvars.bound_contextvars(feature=feature, extension=extension):
            dialog = Dialog(AgiHandset(session, self._rooms.sounds(site), site.language), site.language)
            try:
                result = await self._serve(serve(dialog, extension, about), dialog)
                await session.set_variable("DONE", "hangup")
            except HungUp:
                result = "hung up"
            self._rooms.figures.calls.labels(feature, result).inc()
            log.info("a dialog by telephone ended", result=result)

    async def _serve(self, dialog_runs: Awaitable[None], dialog: Dialog) -> str:
        try:
            await dialog_runs
            result = "done"
        except Refused as refused:
            result = str(refused)
        except GaveUp:
            result = "gave up"
        except AgiError:
            raise
        except Exception:
            log.exception("a dialog by telephone failed")
            await dialog.say("phrase_failed")
            result = "failed"
        await dialog.say("phrase_goodbye")
        return result

    # ------------------------------------------------------------------ messages
    async def _own_mailbox(self, dialog: Dialog, extension: str, about: str) -> None:
        await self._listen(dialog, extension, self._boxes_of(extension))

    async def _any_mailbox(self, dialog: Dialog, extension: str, about: str) -> None:
        """A mailbox by its name (from the dialplan), its place in voicemail.yaml, or one of its extensions."""
        names = list(self._rooms.site().mailboxes)
        if about:
            await self._listen(dialog, extension, [name for name in names if name == about])
            return
        number = await dialog.number(6, "phrase_enter_mailbox")
        by_place = [names[int(number) - 1]] if number and 0 < int(number) <= len(names) else []
        await self._listen(dialog, extension, self._boxes_of(number) or by_place)

    async def _listen(self, dialog: Dialog, extension: str, mailboxes: list[str]) -> None:
        if not mailboxes:
            await dialog.say("phrase_not_available")
            raise Refused("not available")
        mailbox = await self._door.enter(dialog, extension, "mailbox", mailboxes)
        await listen(dialog, self._rooms.inbox, mailbox, f"telephone {extension}", self._rooms.site())

    def _boxes_of(self, extension: str) -> list[str]:
        boxes = self._rooms.site().mailboxes.values()
        return [box.name for box in boxes if extension in box.extensions]

    # ------------------------------------------------------------------ overrides
    async def _timetable(self, dialog: Dialog, extension: str, about: str) -> None:
        if about not in self._rooms.site().hours:
            await dialog.say("phrase_not_available")
            raise Refused("not available")
        await self._door.enter(dialog, extension, "timetable", [about])
        await Overriding(dialog, self._rooms.overrides, about, extension, self._now).change()

    def _now(self) -> datetime:
        return self._rooms.site().local(self._rooms.clock.now())
