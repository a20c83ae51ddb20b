"""What walks say against a proof, and which walk meets a fault that a proof has found."""

from collections.abc import Iterable

from ivr.proof.prove import Proof
from ivr.site import Site
from tests.proof.walker import Walked

FORBIDDEN = {"circle", "no notice", "no prompt", "not said", "no value", "saved", "endless", "broken"}
"""Of no caller where everything is proven."""

MEETS = {
    "PROOF001": {"circle", "endless"},
    "PROOF002": {"circle"},
    "PROOF006": {"hung up on"},
    "PROOF007": {"no notice"},
    "PROOF008": {"no prompt"},
    "PROOF009": {"not said"},
    "PROOF010": {"no value"},
}


def against(proof: Proof, site: Site, walked: Walked) -> set[str]:
    """What one call did that a proof without failures excludes."""
    found = walked.went_wrong & FORBIDDEN
    found |= {f"met {flow}/{step}" for flow, step in walked.steps - proof.steps}
    if walked.idle and "hung up on" in walked.went_wrong:
        found.add("hung up on")
    if walked.idle and not walked.restarted and walked.seconds > site.promises.seconds:
        found.add(f"idle for {walked.seconds:.0f} s")
    return found


def met(code: str, at: tuple[str, str], site: Site, walks: Iterable[Walked]) -> bool:
    """Whether walks show the fault; for what never happens, whether none of them contradicts."""
    if code in MEETS:
        return any(walked.went_wrong & MEETS[code] for walked in walks)
    if code == "PROOF005":
        return any(w.idle and not w.restarted and w.seconds > site.promises.seconds for w in walks)
    if code in ("PROOF003", "PROOF004"):
        near = (w.arrived and w.keys <= site.promises.keys and w.seconds <= site.promises.seconds for w in walks)
        return not any(near)
    if code == "PROOF011":
        return not any(at in walked.steps for walked in walks)
    return True
