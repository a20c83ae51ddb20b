"""HTTP sources, asked of a real server on this machine."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ivr.call.effects import LookedUp
from ivr.testing.clock import ManualClock
from tests.tools import run
from tests.unit.lookups.scene import Scene, scene
from tests.unit.lookups.services import ACCESS_KEY, WEBHOOK, Service, service

INVOICES = """
look-ups:
  cartera:
    label: Invoices, as SIIGO has them
    parameters: {documento: text}
    get: URL/v1/invoices?customer_identification={documento}&page_size=1
    headers:
      Authorization: Bearer {token}
      Partner-Id: centralita
    sign in:
      post: URL/auth
      body: {username: telefono, access_key: "{secret siigo}"}
      token: access_token
      keep: 23 h
    answers:
      saldo: number from results.0.balance
      fecha: date from results.0.date
      facturas: number from pagination.total_results
    not found when: results is empty
"""

CONTACTS = """
look-ups:
  contacto:
    label: Contacts, as a CRM has them
    parameters: {telefono: text}
    get: URL/rest/{secret crm}/crm.contact.list?filter[PHONE]={telefono}&select[]=ID
    answers:
      nombre: text from result.0.NAME
      vip: yes or no from result.0.VIP
      correo: text from result.0.EMAIL else ""
    not found when: [status 404, result is empty]
    keep: 5 min
"""

ONE = """
look-ups:
  uno:
    label: One
    parameters: {id: text}
    get: URL/contacts/{id}
    answers: {nombre: text from name}
"""


def fault(kind: str, more: str = "") -> str:
    """A source whose service misbehaves in one way."""
    return f"""
look-ups:
  roto:
    label: Broken
    parameters: {{id: text}}
    get: URL/fault/{kind}?id={{id}}
    answers: {{nombre: number from name}}
    at most: 1 s
{more}"""


@run
async def test_invoices_are_read_with_a_token_that_is_fetched_once(tmp_path: Path) -> None:
    async with service() as there, scene(tmp_path, INVOICES.replace("URL", there.url)) as look:
        look.secret("siigo", ACCESS_KEY)
        answer = await look.ask("cartera", documento="900123456")
        assert answer == LookedUp(
            "found", {"saldo": Decimal("1250000.25"), "fecha": date(2026, 10, 31), "facturas": Decimal(1)}
        )
        assert (await look.ask("cartera", documento="800")) == LookedUp("not found", {})
        assert there.signed_in == 1
        assert there.asked[0] == ("GET", "/v1/invoices?customer_identification=900123456&page_size=1")
        assert there.headers[0]["partner-id"] == "centralita"


@run
async def test_a_token_that_is_no_longer_accepted_is_fetched_anew(tmp_path: Path) -> None:
    async with service() as there, scene(tmp_path, INVOICES.replace("URL", there.url)) as look:
        look.secret("siigo", ACCESS_KEY)
        await look.ask("cartera", documento="900123456")
        there.valid.clear()
        assert (await look.ask("cartera", documento="900123456")).outcome == "found"
        assert there.signed_in == 2


@run
async def test_a_token_is_fetched_anew_when_its_time_is_over(tmp_path: Path) -> None:
    clock = ManualClock()
    async with service() as there, scene(tmp_path, INVOICES.replace("URL", there.url), clock) as look:
        look.secret("siigo", ACCESS_KEY)
        await look.ask("cartera", documento="900123456")
        clock.advance(23 * 3600)
        assert (await look.ask("cartera", documento="900123456")).outcome == "found"
        assert there.signed_in == 2


@run
async def test_a_wrong_or_missing_secret_fails(tmp_path: Path) -> None:
    async with service() as there, scene(tmp_path, INVOICES.replace("URL", there.url)) as look:
        assert (await look.ask("cartera", documento="900123456")).outcome == "failed"
        assert there.asked == []
        look.secret("siigo", "another")
        assert (await look.ask("cartera", documento="900123456")).outcome == "failed"
        look.secret("siigo", ACCESS_KEY)
        assert (await look.ask("cartera", documento="900123456")).outcome == "found"


@run
async def test_a_contact_is_searched_by_a_path_that_holds_a_secret(tmp_path: Path) -> None:
    async with service() as there, scene(tmp_path, CONTACTS.replace("URL", there.url)) as look:
        look.secret("crm", WEBHOOK)
        answer = await look.ask("contacto", telefono="573000000001")
        assert answer == LookedUp("found", {"nombre": "Ana", "vip": True, "correo": ""})
        assert (await look.ask("contacto", telefono="573000000002")).outcome == "not found"


@run
async def test_answers_are_kept_for_their_time_and_for_their_question(tmp_path: Path) -> None:
    clock = ManualClock()
    async with service() as there, scene(tmp_path, CONTACTS.replace("URL", there.url), clock) as look:
        look.secret("crm", WEBHOOK)
        for _ in range(3):
            assert (await look.ask("contacto", telefono="573000000001")).values["nombre"] == "Ana"
            assert (await look.ask("contacto", telefono="573000000002")).outcome == "not found"
        assert len(there.asked) == 2
        assert look.figure("look_ups_from_kept_total", source="contacto") == 4
        assert look.figure("look_ups_total", source="contacto", outcome="found") == 3
        clock.advance(300)
        await look.ask("contacto", telefono="573000000001")
        assert len(there.asked) == 3


@run
async def test_a_parameter_changes_neither_host_nor_path_nor_query(tmp_path: Path) -> None:
    hostile = ["../../stolen", "/stolen", "x?y=1&z#f", "a/b", "7%2e", "ñ 7", "@evil.example/", "\r\nHost: x", "{token}"]
    async with service() as there, scene(tmp_path, ONE.replace("URL", there.url)) as look:
        for value in hostile:
            assert (await look.ask("uno", id=value)).outcome == "not found"
        assert len(there.asked) == len(hostile)
        for _, path in there.asked:
            assert path.count("/") == 2 and path.startswith("/contacts/") and "?" not in path and "#" not in path
        for value in (".", ".."):
            assert (await look.ask("uno", id=value)).outcome == "failed"
        assert len(there.asked) == len(hostile)


@run
async def test_an_empty_parameter_is_never_asked(tmp_path: Path) -> None:
    async with service() as there, scene(tmp_path, CONTACTS.replace("URL", there.url)) as look:
        assert (await look.ask("contacto", telefono="")).outcome == "not found"
        assert there.asked == []


@run
async def test_a_missing_parameter_fails(tmp_path: Path) -> None:
    async with service() as there, scene(tmp_path, CONTACTS.replace("URL", there.url)) as look:
        assert (await look.ask("contacto")).outcome == "failed"
        assert there.asked == []


@run
async def test_a_body_has_the_types_of_its_parameters(tmp_path: Path) -> None:
    text = """
look-ups:
  buscar:
    label: Search
    parameters: {n: number, s: text, b: yes or no, d: date}
    post: URL/search
    body: {filter: [{n: "{n}", exact: "{b}"}], text: "x {s} {n}", day: "{d}", key: "{secret k}"}
    answers: {ok: yes or no from ok}
"""
    async with service() as there, scene(tmp_path, text.replace("URL", there.url)) as look:
        look.secret("k", 'quo"te')
        given = {"n": Decimal("12.50"), "s": 'a"b', "b": True, "d": date(2026, 12, 24)}
        assert (await look.ask("buscar", **given)) == LookedUp("found", {"ok": True})
        assert there.bodies == [
            {"filter": [{"n": 12.5, "exact": True}], "text": 'x a"b 12.50', "day": "2026-12-24", "key": 'quo"te'}
        ]


@pytest.mark.parametrize(
    "kind",
    ["500", "400", "401", "429", "204", "redirect", "huge", "packed", "html", "nan", "empty", "deep", "list", "null"],
)
def test_an_answer_that_cannot_be_used_fails(kind: str, tmp_path: Path) -> object:
    @run
    async def test() -> None:
        async with service() as there, scene(tmp_path, fault(kind).replace("URL", there.url)) as look:
            assert (await look.ask("roto", id="1")) == LookedUp("failed", {})
            assert all(path.startswith("/fault/") for _, path in there.asked)

    return test()


@run
async def test_an_empty_whole_answer_may_mean_that_nothing_was_found(tmp_path: Path) -> None:
    for kind in ("empty", "list", "null", "204"):
        text = fault(kind, "    not found when: [answer is empty, status 204]\n")
        async with service() as there, scene(tmp_path, text.replace("URL", there.url)) as look:
            assert (await look.ask("roto", id="1")).outcome == "not found", kind


@run
async def test_numbers_are_exact_and_never_longer_than_a_variable_holds(tmp_path: Path) -> None:
    text = fault("number").replace("?id={id}", "?n={id}")
    async with service() as there, scene(tmp_path, text.replace("URL", there.url)) as look:
        for written, value in {"0.1": "0.1", "1234567.89": "1234567.89", "1e3": "1000", "-5": "-5"}.items():
            assert (await look.ask("roto", id=written)).values == {"nombre": Decimal(value)}
        for written in ("1e400", "1e-400", "9" * 19, "9" * 5000, '"doce"', "true", "null", "{}"):
            assert (await look.ask("roto", id=written)).outcome == "failed", written


@run
async def test_a_slow_service_is_too_slow_and_its_questions_end(tmp_path: Path) -> None:
    async with service() as there, scene(tmp_path, fault("slow").replace("URL", there.url)) as look:
        assert (await look.ask("roto", id="1")).outcome == "too slow"
        assert look.figure("look_ups_total", source="roto", outcome="too slow") == 1


@run
async def test_no_more_questions_at_once_than_the_source_bears(tmp_path: Path) -> None:
    import asyncio

    text = fault("slow", "    at the same time: 2\n").replace("at most: 1 s", "at most: 10 s")
    async with service() as there, scene(tmp_path, text.replace("URL", there.url)) as look:
        asking = [asyncio.ensure_future(look.ask("roto", id=str(n))) for n in range(6)]
        await asyncio.wait_for(there.begun.wait(), 10)
        await asyncio.sleep(0.5)  # for a third one to come, if it could
        assert there.most_at_once <= 2
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


@run
async def test_nobody_there_fails_and_then_the_source_rests_and_is_tried_again(tmp_path: Path) -> None:
    clock = ManualClock()
    async with service() as there:
        url = there.url
    async with scene(tmp_path, ONE.replace("URL", url), clock) as look:
        for _ in range(5):
            assert (await look.ask("uno", id="7")).outcome == "failed"
        assert look.figure("look_up_resting", source="uno") == 1
    async with service() as there, scene(tmp_path, fault("500").replace("URL", there.url), clock) as look:
        await _rest(look, there, clock)


async def _rest(look: Scene, there: Service, clock: ManualClock) -> None:
    for _ in range(5):
        await look.ask("roto", id="1")
    assert len(there.asked) == 5
    assert (await look.ask("roto", id="1")).outcome == "failed"
    assert len(there.asked) == 5
    clock.advance(30)
    await look.ask("roto", id="1")
    await look.ask("roto", id="1")
    assert len(there.asked) == 6


@run
async def test_questions_that_are_wrong_by_themselves_do_not_put_a_source_to_rest(tmp_path: Path) -> None:
    async with service() as there, scene(tmp_path, fault("400").replace("URL", there.url)) as look:
        for _ in range(8):
            assert (await look.ask("roto", id="1")).outcome == "failed"
        assert len(there.asked) == 8


@run
async def test_a_cookie_of_one_caller_is_not_sent_for_another(tmp_path: Path) -> None:
    text = fault("cookie").replace("number from", "text from")
    async with service() as there, scene(tmp_path, text.replace("URL", there.url)) as look:
        for _ in range(2):
            assert (await look.ask("roto", id="1")).outcome == "found"
        assert "cookie" not in there.headers[1]


@run
async def test_a_hang_up_gives_up_the_question_and_leaves_the_source_as_it_was(tmp_path: Path) -> None:
    import asyncio

    async with service() as there, scene(tmp_path, fault("slow").replace("URL", there.url)) as look:
        asking = asyncio.ensure_future(look.ask("roto", id="1"))
        await asyncio.wait_for(there.begun.wait(), 10)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert look.figure("look_ups_total", source="roto", outcome="failed") is None


@run
async def test_a_source_that_a_reload_changes_is_another_one(tmp_path: Path) -> None:
    from tests.unit.lookups.scene import sources

    async with service() as there, scene(tmp_path, CONTACTS.replace("URL", there.url)) as look:
        look.secret("crm", WEBHOOK)
        await look.ask("contacto", telefono="573000000001")
        look.sources = sources(CONTACTS.replace("URL", there.url))
        await look.ask("contacto", telefono="573000000001")
        assert len(there.asked) == 1  # an equal source keeps what it knew
        for n in range(8):
            look.sources = sources(CONTACTS.replace("URL", there.url).replace("5 min", f"{n + 6} min"))
            await look.ask("contacto", telefono="573000000001")
        assert len(there.asked) == 9
