"""What a version of the site stands on: its prompts, passwords, Asterisk's configuration, the engine's queues."""

import asyncio
from collections.abc import Callable, Mapping

from acd.facts import DeviceChanged, DeviceSeen, Reconfigured
from acd.model import AgentId, DeviceState
from ivr import log as logs
from ivr.app.floor import Floor, at_phones
from ivr.asterisk import snapshot
from ivr.asterisk.ami import AmiError, AmiLink
from ivr.asterisk.console import ConsoleError, console
from ivr.clock import Clock
from ivr.install import addresses, secrets
from ivr.install.paths import PathError, Paths
from ivr.install.prepare import SOURCE, pins_of
from ivr.install.reloading import commands, restart_for
from ivr.install.render import RenderError, render
from ivr.install.secrets import SecretsError
from ivr.install.sounds import PromptFiles
from ivr.routing import engine_config
from ivr.settings.environment import Environment
from ivr.site import Site
from ivr.versions.editions import Edition
from ivr.versions.loading import VersionRefused

log = logs.get(__name__)


class SiteGround:
    """An `ivr.versions.changes.Ground`. `changed(site)` is called whenever another version is in force."""

    def __init__(
        self,
        environment: Environment,
        paths: Paths,
        link: AmiLink,
        floor: Floor,
        clock: Clock,
        changed: Callable[[Site], None],
    ) -> None:
        self._environment, self._paths = environment, paths
        self._link, self._floor, self._clock, self._changed = link, floor, clock, changed
        self._looked: Mapping[AgentId, DeviceState] = {}

    async def make(self, edition: Edition) -> tuple[str, ...]:
        """The prompts that are missing."""
        sounds = edition.sounds
        if not isinstance(sounds, PromptFiles):
            return ()
        faults = await asyncio.to_thread(sounds.make)
        return tuple(f"prompt left out: {fault}" for fault in faults)

    async def prepare(self, edition: Edition, before: Site) -> tuple[str, ...]:
        """Prompts, passwords of new extensions, and an Asterisk that goes by the version."""
        remarks = await self.make(edition)
        try:
            files = await asyncio.to_thread(self._render, edition)
        except (RenderError, SecretsError, PathError, OSError) as fault:
            raise VersionRefused(f"Asterisk's configuration cannot be made: {fault}") from None
        remarks += await self._reload_asterisk(files)
        agents, phones = edition.site.agents, at_phones(edition.site)
        moved = phones ^ at_phones(before)  # and those who came or went
        new = [AgentId(agent) for agent in agents if agent in moved or agent not in before.agents]
        self._floor.switchboard.phones.clear()
        self._looked = await self._look_at(new, frozenset(agents) - phones) if new else {}
        return remarks

    def in_force(self, before: Site, edition: Edition) -> None:
        """The engine goes by the version, within this turn of the loop."""
        config, phones, desk = engine_config(edition.site), at_phones(edition.site), self._floor.desk
        heard = {a: state for a, state in self._floor.switchboard.phones.items() if a in phones}  # since looked at
        seen = {agent: heard.get(agent, state) for agent, state in self._looked.items()}
        now, t = self._clock.now(), self._clock.engine_us()
        if config != self._floor.engine.config:
            devices = tuple(DeviceSeen(agent=agent, state=state) for agent, state in seen.items())
            desk.submit(Reconfigured(at=now, t=t, config=config.text, devices=devices))
        for agent in seen.keys() & before.agents.keys():  # another kind of phone: not new to the engine
            desk.submit(DeviceChanged(at=now, t=t, agent=agent, state=seen[agent]))
        self._changed(edition.site)

    # ------------------------------------------------------------------ Asterisk
    def _render(self, edition: Edition) -> tuple[str, ...]:
        site, paths = edition.site, self._paths
        kept = secrets.ensure(paths.secrets, site.extensions)
        secrets.pins(paths.secrets, pins_of(site))
        environment = addresses.installed(paths, self._environment)

        def sound(name: str) -> str | None:
            return edition.sounds.path_of(name, site.language)

        changed = render(SOURCE / "asterisk-conf", paths, site, environment, kept, sound)
        addresses.write(paths, environment, site.edition)
        return changed

    async def _reload_asterisk(self, files: tuple[str, ...]) -> tuple[str, ...]:
        try:
            for line in commands(files):
                answer = await console(self._paths.run / "asterisk.ctl", line)
                log.info("asterisk reads its configuration anew", command=line, answer=answer.strip()[:200])
        except ConsoleError as error:
            return (f"Asterisk goes by it only after a restart of Asterisk: {error}",)
        left = restart_for(files)
        return (f"restart Asterisk when no call is there, for: {', '.join(left)}",) if left else ()

    async def _look_at(self, agents: list[AgentId], outside: frozenset[str]) -> Mapping[AgentId, DeviceState]:
        """The phones of agents who are new; none while Asterisk does not answer (a login looks at all)."""
        try:
            return await snapshot.devices(self._link, agents, outside)
        except AmiError:
            return {}
