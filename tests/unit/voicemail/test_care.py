"""The rounds, and the figures that Prometheus sees."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from ivr.call.facts import MessageDropped
from ivr.site.mailboxes import Encryption, Mail
from ivr.voicemail.care import LOOK_EVERY_SECONDS, Care
from ivr.voicemail.figures import VoicemailFigures
from ivr.voicemail.post import Post
from tests.tools import run
from tests.unit.voicemail.house import BOX, House, site_with


@run
async def test_a_database_that_is_away_keeps_no_call_away_and_is_opened_later(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.open()
    file = await house.leave()
    house.rename_table("messages", "away")
    house.inbox = house.fresh()
    care = Care(house.inbox, house.clock, lambda: [])
    await care.look()  # told in the log, raised to nobody
    assert house.inbox.messages("servicio") == []
    waits = await house.inbox.begin("servicio", "n1-2.1", "")
    house.speak(waits, 5)
    assert not await house.inbox.keep("servicio", waits)
    house.rename_table("away", "messages")
    await care.look()
    assert file in [m.message for m in house.inbox.messages("servicio")]
    await care.close()
    house.records.close()


@run
async def test_rounds_go_on_and_close_what_the_records_believe_to_be_open(tmp_path: Path) -> None:
    house = House(tmp_path)
    care = Care(house.inbox, house.clock, lambda: [("n1-5.1", "bbbbbbbbbb")])
    await care.start()
    assert [fact.message for fact in house.of(MessageDropped)] == ["bbbbbbbbbb"]
    assert house.clock.pending <= 1
    house.clock.advance(LOOK_EVERY_SECONDS)
    await care.close()
    house.records.close()


@run
async def test_figures_of_boxes_and_letters(tmp_path: Path) -> None:
    mail = Mail(host="127.0.0.1", port=1, encryption=Encryption.NONE, user="", password="", sender="a@example.com")
    other = replace(BOX, name="cartera", unheard=None)
    house = House(tmp_path, site_with(replace(BOX, email=("b@example.com",)), other, mail=mail))
    inbox = await house.open()
    post = Post(site=lambda: house.site, store=house.store, inbox=inbox, clock=house.clock, secret=str)
    registry = CollectorRegistry()
    registry.register(VoicemailFigures(inbox, post, lambda: house.site, house.clock.now))

    def figure(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"centralita_voicemail_{name}", labels)

    first = await house.leave()
    house.clock.wall += timedelta(hours=3)
    await house.leave()
    await post.once()
    assert figure("messages", mailbox="servicio", state="new") == 2
    assert figure("oldest_new_seconds", mailbox="servicio") == 3 * 3600
    assert figure("overdue", mailbox="servicio") == 0 and figure("room", mailbox="servicio") == 1
    assert figure("letters", state="waiting") == 2
    assert figure("letter_attempts_total", result="delayed") == 2
    house.clock.wall += timedelta(hours=2)
    assert figure("overdue", mailbox="servicio") == 1 and figure("overdue", mailbox="cartera") == 0
    await inbox.mark_heard(first, "cli")
    assert figure("overdue", mailbox="servicio") == 0
    assert figure("messages", mailbox="servicio", state="heard") == 1
    assert figure("messages", mailbox="cartera", state="new") == 0
    await house.close()
