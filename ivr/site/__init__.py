"""A site as the server uses it: read from `config/` and `ivr/flows/`, checked, and never changed afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ivr.site.hours import HolidayCalendar, OpeningHours
from ivr.site.queues import (
    AgentSettings,
    Condition,
    Need,
    Needs,
    OfferRule,
    QueueSettings,
    ScreenPop,
    ServiceLevel,
    Widening,
    default_offer_rules,
)
from ivr.site.recordings import RecordingSettings
from ivr.site.targets import A_PERSON, HANG_UP, RETURN
from ivr.site.values import Type, Value

if TYPE_CHECKING:
    from ivr.site.callers import AnonymousRule, CallerList
    from ivr.site.look_ups import LookUpSource
    from ivr.site.mailboxes import Mail, Mailbox
    from ivr.verbs.step import Step

__all__ = [
    "A_PERSON",
    "HANG_UP",
    "RETURN",
    "AgentSettings",
    "Condition",
    "Flow",
    "Need",
    "Needs",
    "OfferRule",
    "QueueSettings",
    "ScreenPop",
    "ServiceLevel",
    "Site",
    "Variable",
    "Widening",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A telephone company's connection, recognised by the addresses that its calls come from."""

    name: str
    label: str
    addresses: tuple[str, ...]
    outbound: str  # host:port that calls to outside go to; empty = no calls to outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A phone of the house."""

    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a caller may hear. `texts`: language -> words; `recordings`: language -> file of the studio, as in the
    file, relative to the folder of the configuration. A recording wins over the text."""

    texts: Mapping[str, str]
    recordings: Mapping[str, str]

    @property
    def languages(self) -> frozenset[str]:
        """Languages in which this prompt can be heard."""
        return frozenset(self.texts) | frozenset(self.recordings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable as it is declared. Without a `default` it has no value until a step gives it one."""

    type: Type
    default: Value | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """What `ivr prove` holds every call to: a person or a named end is at most so many keys and seconds away."""

    keys: int = 3
    seconds: int = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What happens to a caller, step by step. Targets are names of `steps` or words of `ivr.site.targets`."""

    name: str
    language: str
    numbers: tuple[str, ...]
    start: str
    steps: Mapping[str, "Step"]
    file: str
    variables: Mapping[str, Variable] = field(default_factory=dict)
    parameters: Mapping[str, Variable] = field(default_factory=dict)
    """Variables that whoever calls this flow gives it."""
    results: tuple[str, ...] = ()
    """Variables that whoever called this flow may take over."""
    exits: tuple[str, ...] = ()
    """Names that `return NAME` may have."""

    @property
    def declared(self) -> Mapping[str, Variable]:
        """All variables of this flow, parameters among them."""
        return {**self.parameters, **self.variables}


@dataclass(frozen=True, kw_only=True)
class Site:
    """The whole company line. `version` is the SHA-256 (hexadecimal) of all files that it was read from."""

    label: str
    timezone: str
    language: str  # of everything that belongs to no flow (whispers)
    languages: tuple[str, ...]
    holidays: HolidayCalendar
    lines: int
    trunks: Mapping[str, Trunk]
    numbers: Mapping[str, str]  # DID -> label
    reception: str
    fallback_after: timedelta
    extensions: Mapping[str, Extension]
    queues: Mapping[str, QueueSettings]
    agents: Mapping[str, AgentSettings]
    hours: Mapping[str, OpeningHours]
    prompts: Mapping[str, Prompt]
    flows: Mapping[str, Flow]
    entry: Mapping[str, str]  # DID -> flow
    version: str
    variables: Mapping[str, Variable] = field(default_factory=dict)
    """Variables of the whole call, written `call.NAME` in every flow."""
    country: str = "CO"
    """ISO 3166, of callers' numbers without a country's code."""
    lists: Mapping[str, "CallerList"] = field(default_factory=dict)
    anonymous: "AnonymousRule | None" = None
    look_ups: Mapping[str, "LookUpSource"] = field(default_factory=dict)
    mailboxes: Mapping[str, "Mailbox"] = field(default_factory=dict)
    mail: "Mail | None" = None
    promises: Promises = Promises()
    offer_rules: Mapping[str, OfferRule] = field(default_factory=default_offer_rules)
    """What follows an offer that failed; the keys are `ivr.site.queues.FAILURES`, all of them."""
    priority_worth: timedelta = timedelta(minutes=2)
    """A caller's head start for each step of priority, and of a queue's weight."""
    pause_reasons: Mapping[int, str] = field(default_factory=dict)
    """Number that an agent dials -> why there is a pause."""
    screen_pops: Mapping[str, ScreenPop] = field(default_factory=dict)
    recordings: RecordingSettings = field(default_factory=RecordingSettings)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone of hours, holidays and reports."""
        return ZoneInfo(self.timezone)

    @property
    def edition(self) -> str:
        """The first 12 digits of `version`: what a call carries, so that it ends on the site that it began with."""
        return self.version[:12]

    def local(self, at: datetime) -> datetime:
        """An aware time as the clock on the site's wall shows it."""
        return at.astimezone(self.zone)

    def flow_for(self, did: str) -> Flow | None:
        """The flow of a number that was called, or None for a number that the site does not have."""
        name = self.entry.get(did)
        return self.flows[name] if name is not None else None

    @property
    def default_flow(self) -> Flow:
        """Where a call to an unknown number goes: the flow of the first number in site.yaml."""
        return self.flows[next(iter(self.entry.values()))]
