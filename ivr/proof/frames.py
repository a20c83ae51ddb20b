"""Where in a step the machine is, exactly: two machines of which this says the same go on in the same way.

Each generator of the machine has a position, variables that it will still read, and loops that it is in. They are read
from CPython's frames; what the program reads later is found by following its bytecode backwards.
"""

import dis
import gc
from collections.abc import Iterator
from functools import lru_cache
from operator import length_hint
from types import CodeType, GeneratorType
from typing import Any

from ivr.call import effects
from ivr.call.machine import Machine

_PLAIN = (str, int, float, effects.Played, effects.Entered, effects.Recorded, effects.Opening)


def inside(machine: Machine) -> object:
    """The place within the step, as something that can be compared; empty when a step is entered just now."""
    found = []
    script: Any = machine._run
    while isinstance(script, GeneratorType) and script.gi_frame is not None:
        if script.__name__ == "_enter":
            return ()
        frame = script.gi_frame
        live = _live(frame.f_code).get(frame.f_lasti, frozenset(frame.f_code.co_varnames))
        values = frame.f_locals
        plain = tuple((name, values[name]) for name in sorted(live & values.keys()) if _is_plain(values[name]))
        found.append(
            (frame.f_code.co_qualname, frame.f_lasti, plain, tuple(_loops(script)) if _has_loops(frame.f_code) else ())
        )
        script = script.gi_yieldfrom
    return tuple(found)


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, _PLAIN)


def _loops(script: Any) -> Iterator[int]:
    """What is left of each loop. One that does not tell is at its own place each time it is met."""
    for thing in gc.get_referents(script):
        if isinstance(thing, enumerate):
            yield int(thing.__reduce__()[1][1])
        elif hasattr(type(thing), "__next__") and not isinstance(thing, GeneratorType):
            yield length_hint(thing, id(thing))


@lru_cache(maxsize=256)
def _has_loops(code: CodeType) -> bool:
    return any(instruction.opname == "FOR_ITER" for instruction in dis.get_instructions(code))


@lru_cache(maxsize=256)
def _live(code: CodeType) -> dict[int, frozenset[str]]:
    """For each position of a suspended generator: the variables that are read before they are written again."""
    always = frozenset((*code.co_cellvars, *code.co_freevars))
    instructions = [i for i in dis.get_instructions(code) if i.opname != "CACHE"]
    index = {instruction.offset: number for number, instruction in enumerate(instructions)}
    before: list[frozenset[str]] = [frozenset()] * len(instructions)
    after: list[frozenset[str]] = [frozenset()] * len(instructions)
    changed = True
    while changed:
        changed = False
        for number in range(len(instructions) - 1, -1, -1):
            instruction = instructions[number]
            following = [before[n] for n in _following(instructions, index, number)]
            out = frozenset().union(*following)
            into = _read(instruction, out)
            if into != before[number] or out != after[number]:
                before[number], after[number], changed = into, out, True
    return {instruction.offset: after[number] | always for number, instruction in enumerate(instructions)}


def _following(instructions: list[dis.Instruction], index: dict[int, int], number: int) -> Iterator[int]:
    instruction = instructions[number]
    if instruction.opcode in dis.hasjrel or instruction.opcode in dis.hasjabs:
        yield index[instruction.argval]
    ends = instruction.opname in ("RETURN_VALUE", "RAISE_VARARGS", "RERAISE") or (
        instruction.opname.startswith("JUMP_") and "IF" not in instruction.opname
    )
    if not ends and number + 1 < len(instructions):
        yield number + 1


def _read(instruction: dis.Instruction, out: frozenset[str]) -> frozenset[str]:
    if instruction.opname.startswith("LOAD_FAST"):
        return out | {instruction.argval}
    if instruction.opname in ("STORE_FAST", "DELETE_FAST"):
        return out - {instruction.argval}
    return out
