"""What Asterisk is told of the lamps, and when."""

import asyncio
from collections.abc import Callable, Mapping

from ivr.asterisk.ami import AmiLost, Event
from ivr.features import Lamps
from tests.tools import run


class Link:
    """A link that remembers; `seen` says that the counts arrive."""

    def __init__(self, *, quick: bool = True) -> None:
        self.connected = True
        self.quick = quick
        self.lost = False
        self.told: list[str] = []
        self._handlers: list[Callable[[Event], None]] = []

    async def action(self, name: str, fields: Mapping[str, str]) -> object:
        await asyncio.sleep(0)
        if self.lost:
            raise AmiLost("gone")
        self.told.append(fields.get("Data") or f"{fields['Variable']}={fields['Value']}")
        if self.quick:
            asyncio.get_running_loop().call_soon(self.arrived)
        return None

    def arrived(self) -> None:
        for handler in self._handlers:
            handler(Event.of("MessageWaiting"))

    def subscribe(self, handler: Callable[[Event], None], *names: str) -> Callable[[], None]:
        assert names == ("MessageWaiting",)
        self._handlers.append(handler)
        return lambda: self._handlers.remove(handler)


async def settled(link: Link, count: int) -> None:
    for _ in range(200):
        if len(link.told) >= count:
            break
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)


@run
async def test_only_the_newest_count_is_told() -> None:
    link = Link()
    lamps = Lamps(link)
    for new in (1, 2, 3):
        lamps.mailbox("servicio", new, 0)
    lamps.timetable("oficina", "emergency")
    await settled(link, 2)
    assert link.told == ["servicio@centralita,0,3,0", "DEVICE_STATE(Custom:timetable-oficina)=RINGING"]
    lamps.timetable("oficina", "")
    lamps.mailbox("servicio", 3, 0)
    await settled(link, 3)
    assert link.told[2:] == ["DEVICE_STATE(Custom:timetable-oficina)=NOT_INUSE"], "what has not changed is not told"
    await lamps.close()


@run
async def test_everything_is_told_again_after_a_login() -> None:
    link = Link()
    link.connected = False
    lamps = Lamps(link)
    lamps.mailbox("servicio", 1, 0)
    await asyncio.sleep(0.05)
    assert link.told == []
    for _ in range(2):
        link.connected = True
        await lamps.tell_again()
        await settled(link, 1)
        assert link.told == ["servicio@centralita,0,1,0"]
        link.told.clear()
    await lamps.close()


@run
async def test_a_link_that_is_lost_meanwhile_leaves_it_to_the_next_login() -> None:
    link = Link()
    link.lost = True
    lamps = Lamps(link)
    lamps.mailbox("servicio", 1, 0)
    await asyncio.sleep(0.05)
    link.lost = False
    await lamps.tell_again()
    await settled(link, 1)
    assert link.told == ["servicio@centralita,0,1,0"]
    await lamps.close()


@run
async def test_a_newer_count_waits_until_the_one_before_has_arrived() -> None:
    link = Link(quick=False)
    lamps = Lamps(link)
    lamps.mailbox("servicio", 1, 0)
    await settled(link, 1)
    lamps.mailbox("servicio", 0, 1)
    await asyncio.sleep(0.1)
    assert link.told == ["servicio@centralita,0,1,0"]
    link.arrived()
    await settled(link, 2)
    assert link.told[1:] == ["servicio@centralita,0,0,1"]
    await lamps.close()
