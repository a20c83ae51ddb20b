"""The queues, agents and rules of queues.yaml as the server uses them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TypeVar

from ivr.language.queue_staff import Staff
from ivr.language.queue_words import LOGGED_IN, as_needs
from ivr.language.queues import OfferFile, QueueFile, QueuesFile
from ivr.site import AgentSettings, OfferRule, QueueSettings, ScreenPop, ServiceLevel
from ivr.site.queues import default_offer_rules

T = TypeVar("T")


def queue_settings(model: QueuesFile) -> Mapping[str, QueueSettings]:
    """The queues as the server uses them."""
    staff = Staff(model)
    return {name: _queue(queue, staff, staff.rings(queue)) for name, queue in model.queues.items()}


def _queue(queue: QueueFile, staff: Staff, serving: Mapping[str, int]) -> QueueSettings:
    return QueueSettings(
        label=queue.label,
        strategy=queue.strategy,
        needs=as_needs(queue.needs),
        named=staff.known(queue.agents),
        agents=tuple(agent for agent, ring in serving.items() if ring == 0),
        # A file that served callers before it was checked so may have its steps in another order.
        widen=tuple(sorted(staff.widenings(queue), key=lambda step: step.after)),
        agents_ever=tuple(serving),
        weight=queue.weight,
        ring=queue.ring,
        ring_another=queue.ring_another,
        wrap_up=queue.wrap_up,
        most_callers=queue.most_callers or 0,
        longest_wait=queue.longest_wait,
        nobody_there=queue.nobody_there,
        open=queue.open,
        last_agent=queue.last_agent.who,
        last_agent_wait=queue.last_agent.wait,
        last_agent_days=queue.last_agent.remember,
        regain=queue.regain or timedelta(),
        service_level=ServiceLevel(*queue.service_level),
        announce=queue.announce or None,
        announce_every=queue.announce_every,
        position=queue.position,
        record=queue.record,
        whisper=queue.whisper or None,
        screen_pop=queue.screen_pop,
    )


def agent_settings(model: QueuesFile, extensions: Mapping[str, str]) -> Mapping[str, AgentSettings]:
    """The agents as the server uses them; one without a name has that of the extension."""
    return {
        extension: AgentSettings(
            label=agent.label or extensions.get(extension, extension),
            skills=agent.skills,
            ring=agent.ring,
            wrap_up=agent.wrap_up,
            weight=agent.weight,
            begins_logged_in=agent.begins == LOGGED_IN,
            outside=agent.outside,
        )
        for extension, agent in model.agents.items()
    }


def offer_rules(model: QueuesFile) -> Mapping[str, OfferRule]:
    """The rules for offers that fail, as the server uses them: what the file leaves out stays as it is."""
    offers = model.offers
    written = {
        "no answer": offers.no_answer,
        "busy": offers.busy,
        "refused": offers.refused,
        "unreachable": offers.unreachable,
    }
    return {failure: _rule(written[failure], usual) for failure, usual in default_offer_rules().items()}


def _rule(written: OfferFile, usual: OfferRule) -> OfferRule:
    pause = usual.pause_for if written.pause_for is None else written.pause_for
    return OfferRule(
        again_after=_either(written.again_after, usual.again_after),
        rest=_either(written.rest, usual.rest),
        pause_after=_either(written.pause_after, usual.pause_after),
        pause_for=pause if isinstance(pause, timedelta) else None,
    )


def screen_pops(model: QueuesFile) -> Mapping[str, ScreenPop]:
    """The web addresses, as the server uses them."""
    return {
        name: ScreenPop(name=name, url=pop.post, secret=pop.secret, at_most=pop.at_most, tries=pop.tries)
        for name, pop in model.screen_pops.items()
    }


def _either(written: T | None, usual: T) -> T:
    return usual if written is None else written
