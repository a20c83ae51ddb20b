"""From what is noted of a request to an entry of the audit. Pure.

Numbers of callers stand in it masked, whoever wrote the note: a note is made in many places, an entry only here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ivr.access.model import Principal
from ivr.audit.chain import Entry
from ivr.log import PLAIN_KEYS, mask_text
from ivr.web.api.door import Note, Result


def entry_of(principal: Principal | None, address: str, note: Note, result: Result, why: str, at: datetime) -> Entry:
    """The entry about a request. `principal` is None for who is not known: a login that failed."""
    return Entry(
        at=at,
        action=note.action,
        who=principal.who if principal is not None else "",
        account=principal.account if principal is not None else "",
        role=principal.role.value if principal is not None else "",
        via=principal.via.value if principal is not None else "",
        credential=principal.credential if principal is not None else "",
        address=address or (principal.address if principal is not None else ""),
        object=mask_text(note.object),
        before=masked(note.before),
        after=masked(note.after),
        result=result.value,
        why=mask_text(why),
        detail=masked(note.detail),
    )


def masked(value: Any) -> Any:
    """The same with every telephone number masked, also in the names of keys; ids of calls stay (ivr.log)."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {mask_text(str(k)): v if k in PLAIN_KEYS else masked(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(item) for item in value]
    return value
