"""Reads `config/queues.yaml`: who serves which queue, how long everything may take, and what is tried."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from ivr.language.queue_words import (
    HOUR,
    LOGGED_IN,
    MINUTE,
    SECOND,
    WHO,
    AgentName,
    Begins,
    ConditionsText,
    Days,
    HookAddress,
    NeedsText,
    Pause,
    PauseNumber,
    SecretFile,
    ServiceLevelText,
    SkillName,
    Strategy,
    Who,
)
from ivr.language.recording_words import RecordText
from ivr.language.schema import Settings
from ivr.site.queues import USUAL
from ivr.verbs.words import Extension, HoursName, Label, Name, Number, Refers, Text, Written, YesNo, between, whole

MOST_STEPS = 20


class WidenFile(Settings):
    """A step that widens the circle of who may be offered a caller who waits."""

    after: Annotated[timedelta, between(0 * SECOND, 2 * HOUR)] = Field(
        description="how long the caller must have waited"
    )
    needs: NeedsText = Field(default=(), description="who serves now too, by skill, as in the queue's own `needs`")
    also: list[Annotated[Text, Refers("agent")]] = Field(
        default_factory=list, description="extensions of agents, and names of queues whose agents serve now too"
    )
    when: ConditionsText = Field(
        default=(),
        description="only at a moment when this holds, one or a list: waiting at least 5, longest wait at least 2 min, "
        "idle at most 0, service level at most 80 %",
    )


class LastAgentFile(Settings):
    """Whether a caller goes to the agent whom the caller talked with last."""

    who: Who = Field(description="off, members (if the agent serves this queue) or any")
    wait: Annotated[timedelta, between(SECOND, HOUR)] = Field(
        default=20 * SECOND, description="so long the caller is kept for that agent"
    )
    remember: Days = Field(default=7, description="so many days ago may the last talk be")

    def __str__(self) -> str:
        return self.who


def _last_agent(value: Any) -> Any:
    """`members` alone stands for `{who: members}`."""
    return {"who": value} if isinstance(value, str) else value


class QueueFile(Settings):
    """A queue of `queues.yaml`."""

    label: Label = Field(description="the queue's name for people; the agent's phone shows it")
    needs: NeedsText = Field(
        default=(),
        description="the skills that agents must have: servicio; servicio at least 3 and ingles, or tecnico at least 4",
    )
    agents: list[AgentName] = Field(
        default_factory=list, description="extensions of agents who serve whatever their skills"
    )
    strategy: Strategy = Field(default="longest idle", description="which free agent is rung first")
    weight: Annotated[int, whole(0, 9)] = Field(
        default=0, description="for agents of several queues: each step is worth as much as one of a caller's priority"
    )
    ring: Annotated[timedelta, between(5 * SECOND, 120 * SECOND)] = Field(description="how long an agent's phone rings")
    ring_another: Annotated[timedelta, between(SECOND, 60 * SECOND)] = Field(
        default=5 * SECOND,
        alias="ring another after",
        description="with the strategy `ring progressively`: one more phone rings each time",
    )
    wrap_up: Annotated[timedelta, between(0 * SECOND, HOUR)] = Field(
        default=0 * SECOND, alias="wrap-up", description="the agent's time after a talk"
    )
    widen: list[WidenFile] = Field(
        default_factory=list, max_length=MOST_STEPS, description="steps that add agents for who waits longer"
    )
    most_callers: Annotated[int, whole(1, 100_000)] | None = Field(
        default=None, alias="most callers", description="who would be one more leaves by `full`; left out: no limit"
    )
    longest_wait: Annotated[timedelta, between(10 * SECOND, 2 * HOUR)] = Field(
        alias="longest wait", description="then the caller leaves the queue by `waited too long`"
    )
    nobody_there: Annotated[timedelta, between(0 * SECOND, 10 * MINUTE)] = Field(
        default=15 * SECOND,
        alias="nobody there after",
        description="so long without one reachable phone ends the wait of all callers",
    )
    open: HoursName = Field(
        default="", description="a timetable: while it is closed nobody waits here; left out: always open"
    )
    last_agent: Annotated[LastAgentFile, Written(_last_agent, choices=WHO)] = Field(
        default_factory=lambda: LastAgentFile(who="off"),
        alias="last agent",
        description="off, members or any: who talked with this caller last is preferred; or `who`, `wait`, `remember`",
    )
    regain: Annotated[timedelta, between(5 * SECOND, 24 * HOUR)] | None = Field(
        default=None,
        alias="regain the place within",
        description="who hangs up and calls again in this time has the old place; left out: never",
    )
    service_level: ServiceLevelText = Field(
        default=USUAL, alias="service level", description="the goal: how many calls are answered in what time"
    )
    announce: Text = Field(default="", description="prompt that waiting callers hear")
    announce_every: Annotated[timedelta, between(15 * SECOND, 600 * SECOND)] | None = Field(
        default=None, alias="announce every", description="how often they hear it, and their place"
    )
    position: YesNo = Field(default=True, description="whether they hear their place in the line too")
    whisper: Text = Field(default="", description="prompt that the agent hears before the caller")
    record: RecordText = Field(
        description="whether talks are recorded (only after a completed notice): yes, no, force, on demand, never, or "
        "20 % of the calls; recordings.yaml may say more"
    )
    screen_pop: Annotated[Text, Refers("screen pop")] = Field(
        default="", alias="screen pop", description="one of `screen pops`: told when an agent's phone rings"
    )


class AgentFile(Settings):
    """An agent of `queues.yaml`."""

    label: Label = Field(default="", description="name; left out: the extension's label")
    skills: dict[SkillName, Annotated[int, whole(1, 5)]] = Field(
        default_factory=dict, description="skill: level from 1 to 5; left out for who serves only where a queue says so"
    )
    ring: Annotated[timedelta, between(5 * SECOND, 120 * SECOND)] | None = Field(
        default=None, description="how long this phone rings; left out: as the queue says"
    )
    wrap_up: Annotated[timedelta, between(0 * SECOND, HOUR)] | None = Field(
        default=None, alias="wrap-up", description="the time after a talk; left out: as the queue says"
    )
    weight: Annotated[int, whole(1, 100)] = Field(
        default=1, description="with the strategy `weighted`: twice the weight, twice the calls"
    )
    begins: Begins = Field(
        default=LOGGED_IN, description="logged in, or logged out: what holds until the agent says otherwise"
    )
    outside: Number = Field(
        default="",
        description="a number that rings instead of the extension, over a trunk; the agent presses a key to accept",
    )


class OfferFile(Settings):
    """What follows when an agent's phone was rung and nobody took the call. What is left out stays as it is."""

    again_after: Annotated[timedelta, between(0 * SECOND, HOUR)] | None = Field(
        default=None, alias="again after", description="so long this agent is not rung for the same caller; usually 5 s"
    )
    rest: Annotated[timedelta, between(0 * SECOND, HOUR)] | None = Field(
        default=None,
        description="so long this agent is rung for nobody; usually none, busy and refused 5 s, unreachable 10 s",
    )
    pause_after: Annotated[int, whole(0, 100)] | None = Field(
        default=None,
        alias="pause after",
        description="so many in a row pause the agent, 0 = never; usually never, no answer 3",
    )
    pause_for: Pause | None = Field(
        default=None, alias="pause for", description="how long, or `until ready`; usually until ready, no answer 60 s"
    )


class OffersFile(Settings):
    """The rules for offers that fail."""

    no_answer: OfferFile = Field(default_factory=OfferFile, alias="no answer", description="the phone rang out")
    busy: OfferFile = Field(default_factory=OfferFile, description="the phone was busy")
    refused: OfferFile = Field(default_factory=OfferFile, description="the agent refused")
    unreachable: OfferFile = Field(default_factory=OfferFile, description="the phone could not be rung")


class ScreenPopFile(Settings):
    """A web address that is told of a call when an agent's phone rings."""

    post: HookAddress = Field(description="the address; it gets JSON, signed with the secret")
    secret: SecretFile = Field(
        description="NAME: the file NAME.secret in the folder of secrets holds it; never the secret itself"
    )
    at_most: Annotated[timedelta, between(SECOND, 10 * SECOND)] = Field(
        default=2 * SECOND, alias="at most", description="how long one try may take"
    )
    tries: Annotated[int, whole(1, 10)] = Field(default=5, description="how often it is tried")


class QueuesFile(Settings):
    """`queues.yaml`: who serves which queue.

    The page "Design your queues" leads through it with three examples.
    """

    queues: dict[Name, QueueFile] = Field(min_length=1, max_length=1000, description="the queues")
    agents: dict[Extension, AgentFile] = Field(min_length=1, max_length=10_000, description="the people, by extension")
    offers: OffersFile = Field(
        default_factory=OffersFile,
        description="what follows when a phone was rung for nothing: `no answer`, `busy`, `refused`, `unreachable`",
    )
    priority: Annotated[timedelta, between(SECOND, HOUR)] = Field(
        default=2 * MINUTE,
        alias="priority is worth",
        description="each step of a caller's priority counts like so much more waiting",
    )
    pause_reasons: dict[PauseNumber, Label] = Field(
        default_factory=dict,
        alias="pause reasons",
        description="why agents pause: the digits that they dial after the code of the pause, and the words",
    )
    screen_pops: dict[Name, ScreenPopFile] = Field(
        default_factory=dict, alias="screen pops", description="web addresses that are told when an agent's phone rings"
    )
