"""A trial call through a running line: our phone calls, our phones answer, and everything is told as it happens.

`ivr call` is its command line. The caller presses keys when the menu is read out; the agent who is rung picks up
after two seconds; both speak (a tone each), and the caller hangs up.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ivr.site import Flow, Site
from ivr.testing.ears import Ears, Heard
from ivr.testing.person import Person
from ivr.testing.phone import Call, CallFailed, CallState, Phone, RegistrationFailed
from ivr.testing.phone.messages import Headers
from ivr.verbs.ask import Ask

CALLER_TONE, AGENT_TONE = 620.0, 1030.0
"""Hertz. Tones that neither the music nor a ringing tone has."""

_LOOK = 0.1
_RINGS_FOR = 2.0
_BEFORE_KEY = 1.0
_VOICE = 0.4  # seconds of a tone that prove that the other side is heard
_VOICE_LASTS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the caller does. `keys`: one for each time that the menu is read out. Times in seconds."""

    number: str
    keys: str = ""
    at: datetime | None = None
    shown_number: str = "3000000001"
    talk: float = 3.0
    patience: float = 120.0


@dataclass(slots=True)
class Trial:
    """How it went."""

    answered_by: str = ""
    caller_heard_agent: bool = False
    agent_heard_caller: bool = False
    heard: list[str] = field(default_factory=list)
    failure: str = ""

    @property
    def good(self) -> bool:
        """The line answered, and if somebody picked up, both heard each other."""
        return not self.failure and (not self.answered_by or (self.caller_heard_agent and self.agent_heard_caller))


class TrialCall:
    """One trial on one line."""

    def __init__(
        self,
        *,
        site: Site,
        ears: Ears,
        server: tuple[str, int],
        address: str,
        passwords: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        """`address`: the trunk's address to call from; `passwords`: of the extensions that our phones play."""
        self._site = site
        self._ears = ears
        self._server = server
        self._address = address
        self._passwords = passwords
        self._say = say
        self._began = 0.0
        self._told: dict[str, int] = {}
        self._trial = Trial()
        self._agents: set[asyncio.Task[None]] = set()

    async def make(self, plan: Plan) -> Trial:
        """Carry the plan out and leave nothing behind: no registration, no call."""
        phones: list[Phone] = []
        self._began = asyncio.get_running_loop().time()
        try:
            for extension, password in self._passwords.items():
                phone = await Phone.open(extension, server=self._server, password=password)
                phones.append(phone)
                phone.on_call = self._agent
                await phone.register()
            line = await Phone.open("line", server=self._server, address=self._address)
            phones.append(line)
            await self._caller(line, plan)
        except RegistrationFailed as failed:
            self._trial.failure = f"an extension could not register ({failed.code})"
        finally:
            for phone in phones[: len(self._passwords)]:
                with contextlib.suppress(RegistrationFailed):
                    await phone.unregister()
            for phone in phones:
                await phone.close()
        return self._trial

    # ---- the caller

    async def _caller(self, line: Phone, plan: Plan) -> None:
        headers: Headers = (("X-Centralita-At", plan.at.isoformat()),) if plan.at else ()
        self._tell("caller", f"calls {plan.number}")
        call = await line.call(plan.number, shown_number=plan.shown_number, headers=headers)
        try:
            await call.answered()
        except (CallFailed, TimeoutError) as failed:
            self._trial.failure = str(failed) or "nobody answered"
            self._tell("caller", self._trial.failure)
            return
        self._tell("caller", "the line answers")
        caller = Person("caller", call, self._ears)
        flow = self._site.flow_for(plan.number) or self._site.default_flow
        menus = {step.prompt for step in flow.steps.values() if isinstance(step, Ask)}
        await self._stay(caller, plan, menus, flow)
        for agent in list(self._agents):
            with contextlib.suppress(CallFailed):
                await agent
        self._trial.heard = caller.story()

    async def _stay(self, caller: Person, plan: Plan, menus: set[str], flow: Flow) -> None:
        """Until somebody hangs up."""
        loop = asyncio.get_running_loop()
        keys, answered_menus, leaves = list(plan.keys), 0, self._began + plan.patience
        while caller.call.state is not CallState.ENDED:
            heard = self._hear(caller, flow.language)
            asked = [sound for sound in heard if sound.name in menus]
            if keys and len(asked) > answered_menus and caller.now > asked[-1].at + _BEFORE_KEY:
                answered_menus = len(asked)
                key = keys.pop(0)
                self._tell("caller", f"presses {key}")
                await caller.press(key)
            if not self._trial.caller_heard_agent and _hears(caller, AGENT_TONE):
                self._trial.caller_heard_agent = True
                self._tell("caller", f"hears {self._trial.answered_by}")
                caller.say(CALLER_TONE, plan.talk)
                leaves = min(leaves, loop.time() + plan.talk)
            if loop.time() > leaves:
                self._tell("caller", "hangs up")
                await caller.hang_up()
            await asyncio.sleep(_LOOK)
        if caller.call.ended_by == "them":
            self._tell("caller", "the line hangs up")

    # ---- the agents

    async def _agent(self, call: Call) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._agents.add(task)
        try:
            await self._serve(call)
        finally:
            self._agents.discard(task)

    async def _serve(self, call: Call) -> None:
        extension = call.phone.user
        await call.ring()
        self._tell(extension, f"rings: {call.shown_name or 'no name'}, {call.shown_number}")
        with contextlib.suppress(TimeoutError):
            await call.ended(_RINGS_FOR)
            self._tell(extension, "stops ringing")
            return
        await call.answer()
        self._trial.answered_by = extension
        self._tell(extension, "picks up")
        agent = Person(extension, call, self._ears)
        # Until the whisper is over nobody else hears this; when the caller hears it, both are connected.
        agent.say(AGENT_TONE, _VOICE_LASTS)
        while call.state is not CallState.ENDED:
            self._hear(agent, self._site.language)
            if not self._trial.agent_heard_caller and _hears(agent, CALLER_TONE):
                self._trial.agent_heard_caller = True
                self._tell(extension, "hears the caller")
            await asyncio.sleep(_LOOK)
        self._tell(extension, "the call is over")

    # ---- telling

    def _hear(self, person: Person, language: str) -> list[Heard]:
        heard = person.listen()
        for sound in heard[self._told.get(person.name, 0) :]:
            prompt = self._site.prompts.get(sound.name)
            text = prompt.texts.get(language, "") if prompt else ""
            self._tell(person.name, f"hears {sound.name}" + (f": {' '.join(text.split())}" if text else ""))
        self._told[person.name] = max(len(heard), self._told.get(person.name, 0))
        return heard

    def _tell(self, who: str, what: str) -> None:
        passed = asyncio.get_running_loop().time() - self._began
        self._say(f"{passed:6.1f} s  {who:<7} {what}")


def _hears(person: Person, hertz: float) -> bool:
    return person.sounded(hertz, after=max(0.0, person.now - 2)) >= _VOICE
