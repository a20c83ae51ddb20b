"""`ivr try`: a call at the terminal. Nobody is rung, nothing is recorded, no system outside is asked."""

import os
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from ivr.settings.environment import Environment

if TYPE_CHECKING:
    from ivr.rehearsal.scenario_file import Given
    from ivr.site import Flow, Site


@click.command(name="try")
@click.argument("target", required=False, default="")
@click.option("--at", default="", help="date and time at the site, for example 2026-11-20T10:00; left out: now")
@click.option("--caller", default="", help="the number that calls; left out: withheld")
@click.option("--language", default="", help="the language in which the call begins, for example en")
@click.option("--present", default=None, help="the agents who are there, for example 101,102; left out: all")
@click.option("--override", "overrides", multiple=True, help="TIMETABLE=open, closed, emergency or 'emergency PROMPT'")
@click.option("--look-up", "look_ups", multiple=True, help="NAME='not found', too slow, failed, found:{answer: value}")
@click.option("--queue", "queues", multiple=True, help="NAME='nobody there', 'waited too long' or answered")
@click.option("--phone", "phones", multiple=True, help="EXTENSION='no answer', busy, unreachable or answered")
@click.option("--message", default="", help="what the caller says to a mailbox: 12 s, nothing, full, failed, hang up")
@click.option("--parameter", "parameters", multiple=True, help="NAME=VALUE of a subflow")
@click.option("--keys", default=None, help="what the caller does, for scripts: 1,none,80123456#,'hang up'")
def command(target: str, keys: str | None, language: str, **options: Any) -> None:
    """Call a NUMBER or a FLOW (left out: the first number), and read what the caller hears.

    You are asked for keys, and for what phones, queues and look-ups do. With --keys nobody is asked: after the last of
    them the caller does nothing.
    """
    from ivr.language.load import load_site

    environment = Environment.from_environ(os.environ)
    checked = load_site(environment.config, environment.flows)
    if checked.site is None:
        for problem in checked.errors:
            click.echo(str(problem), err=True)
        raise click.ClickException("the site has errors; they stand above")
    site = checked.site
    did, flow = _target(site, target)
    if language:
        if language not in site.languages:
            raise click.UsageError(f"the site has not the language {language}; it has {', '.join(site.languages)}")
        flow = replace(flow, language=language)
    given = _given(site, flow, did, {**options, "keys": keys})
    _call(site, flow, did, given, _Terminal() if keys is None else None)


def _target(site: "Site", target: str) -> tuple[str, "Flow"]:
    """The number and the flow; the number is empty when a flow was named."""
    number = target or next(iter(site.numbers))
    if number in site.entry:
        return number, site.flows[site.entry[number]]
    if target in site.flows:
        return "", site.flows[target]
    from ivr.language.problems import suggestion

    hint = suggestion(target, [*site.flows, *site.entry])
    raise click.UsageError(f"there is no number or flow {click.format_filename(target)}{hint}")


def _given(site: "Site", flow: "Flow", did: str, options: dict[str, Any]) -> "Given":
    """The options as a test of a flow would have them. Raises UsageError."""
    from pydantic import ValidationError

    from ivr.clock import LoopClock
    from ivr.rehearsal.scenario_file import Given
    from ivr.rehearsal.scenario_names import faults_of

    settings: dict[str, Any] = {
        "at": options["at"] or f"{site.local(LoopClock().now()):%Y-%m-%d %H:%M}",
        "keys": _listed(options["keys"]),
        "overrides": _pairs(options["overrides"]),
        "look-ups": {name: _answer(text) for name, text in _pairs(options["look_ups"]).items()},
        "queues": _pairs(options["queues"]),
        "phones": _pairs(options["phones"]),
        "parameters": _pairs(options["parameters"]),
    }
    for name in ("caller", "message"):
        if options[name]:
            settings[name] = options[name]
    if options["present"] is not None:
        settings["present"] = _listed(options["present"])
    try:
        given = Given.model_validate(settings)
    except ValidationError as fault:
        raise click.UsageError("; ".join(str(error["msg"]) for error in fault.errors())) from None
    faults = list(faults_of(site, flow, given))
    if faults:
        raise click.UsageError("; ".join(faults))
    return given


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for name, sign, _ in pairs:
        if not sign:
            raise click.UsageError(f"write NAME=..., not {click.format_filename(name)}")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _answer(text: str) -> Any:
    """`found:{saldo: 1200}` as the mapping, every other outcome as it is."""
    if not text.startswith("found:"):
        return text
    from ivr.language.reader import read_text

    document, problems = read_text(f"answers: {text.removeprefix('found:')}".encode(), "--look-up")
    if document is None or problems or not isinstance(document.data["answers"], dict):
        raise click.UsageError(f"{text} cannot be read; write found:{{saldo: 1200, nombre: Ana}}")
    return document.data["answers"]


def _call(site: "Site", flow: "Flow", did: str, given: "Given", terminal: "_Terminal | None") -> None:
    from ivr.rehearsal.events import Event, StepBegun
    from ivr.rehearsal.narration import Narration
    from ivr.rehearsal.scripted import NotSaid, situation_of
    from ivr.rehearsal.simulate import Simulated, info_of
    from ivr.rehearsal.subflow import caller_of, exit_taken
    from ivr.rehearsal.terminal import Asking
    from ivr.rehearsal.words import Words

    subflow = not flow.numbers
    entry = caller_of(flow, given.parameters) if subflow else flow
    site = replace(site, flows={**site.flows, flow.name: flow, entry.name: entry})
    situation = situation_of(site, given, did or next(iter(flow.numbers), next(iter(site.numbers))))
    telling, told = Narration(site), list[Event]()
    asking = Asking(situation, given, Words(site.language), terminal)

    def tell(event: Event) -> None:
        told.append(event)
        if not (isinstance(event, StepBegun) and event.flow == entry.name and subflow):
            click.echo(click.style(telling.line(event), bold=isinstance(event, StepBegun)))

    click.echo(telling.beginning(situation, "" if did else flow.name))
    info = info_of(site, situation.did, situation.facts.blocked)
    call = Simulated(site, entry, info, asking, situation.local, tell)
    try:
        end = call.run()
    except NotSaid as fault:
        raise click.ClickException(str(fault)) from None
    click.echo(telling.ending(end, exit_taken(entry, told) if subflow else None))
    if values := telling.variables(call.machine.story.known(), call.secrets):
        click.echo(values)
    if asking.left_over is not None and terminal is None:
        shown = ", ".join(str(press) for press in given.keys[asking.left_over :])
        click.echo(Words(site.language)("left over", keys=shown), err=True)
        sys.exit(1)


@dataclass(frozen=True, slots=True)
class _Terminal:
    """The terminal that the command runs in."""

    def ask(self, question: str, hidden: bool = False) -> str:
        try:
            return str(click.prompt(question, default="", show_default=False, hide_input=hidden, prompt_suffix=" "))
        except (click.Abort, EOFError):
            click.echo()
            raise EOFError from None

    def show(self, text: str) -> None:
        click.echo(text)
