"""What no call does: steps, keys, branches and exits that only stand in the file."""

from collections.abc import Iterator

from ivr.proof.findings import Finding
from ivr.proof.seen import Seen
from ivr.site import Flow, Site
from ivr.text import quoted
from ivr.verbs.ask import Ask
from ivr.verbs.branch import Branch
from ivr.verbs.hours import Hours
from ivr.verbs.step import Reference, Step


def coverage_findings(site: Site, seen: Seen) -> Iterator[Finding]:
    """Everything that was never met. All calls were explored."""
    for flow in site.flows.values():
        for name, step in flow.steps.items():
            if (flow.name, name) not in seen.steps:
                message = f"no call comes to the step {quoted(name)}; lead to it, or delete it"
                yield Finding("PROOF011", flow.name, name, message)
            elif not step.silent or (flow.name, name) not in seen.undone:
                yield from _exits(flow, name, step, seen)


def _exits(flow: Flow, name: str, step: Step, seen: Seen) -> Iterator[Finding]:
    match step:
        case Branch(ways=ways):
            taken = {way for at, step_name, way in seen.ways if (at, step_name) == (flow.name, name)}
            for index, way in enumerate(ways):
                if str(index + 1) not in taken:
                    message = f"{quoted(way.when.text)} never holds when it is asked; correct it, or delete the way"
                    yield Finding("PROOF012", flow.name, name, message, ("branch", index, "when"))
            if "otherwise" not in taken:
                message = "one of the conditions always holds, so no call goes on at 'otherwise'; correct them"
                yield Finding("PROOF012", flow.name, name, message, ("otherwise",))
        case Ask(keys=keys):
            for key in keys:
                if (flow.name, name, key) not in seen.keys:
                    message = f"no caller can choose the key {quoted(key)}; correct the menu"
                    yield Finding("PROOF013", flow.name, name, message, ("keys", key))
            yield from _never(flow, name, [r for r in step.exits() if r.path[0] != "keys"], seen)
        case Hours():
            # An override may always open or close, so only what is never asked is missing.
            yield from _never(flow, name, list(step.exits()), seen)
        case _:
            yield from _never(flow, name, list(step.exits()), seen)


def _never(flow: Flow, name: str, exits: list[Reference], seen: Seen) -> Iterator[Finding]:
    for reference in exits:
        if (flow.name, name, reference.name) not in seen.exits:
            setting = ": ".join(str(part) for part in reference.path)
            message = f"no call takes the way {quoted(setting)} to {quoted(reference.name)}; correct it, or delete it"
            yield Finding("PROOF013", flow.name, name, message, reference.path)
