"""`lists.yaml`: lists of callers and what each is for; the numbers themselves stand in CSV files beside it."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ivr.language.caller_csv import MAX_BYTES, CallerTable, read_callers
from ivr.language.problems import Problem, suggestion
from ivr.site.callers import ALLOW, BLOCK, LIST, SEGMENT, AnonymousRule, CallerList
from ivr.text import quoted
from ivr.verbs.words import NAME_PATTERN, Label, Name, Text, name_rule, whole, wrong

if TYPE_CHECKING:
    from ivr.language.config import Configuration

DEFAULT_COUNTRY = "CO"
_COUNTRIES = {"Colombia": "CO"}


def _country(value: Any) -> str:
    """Colombia, or the two letters of any country with telephone numbers."""
    text = str(value)
    if text in _COUNTRIES:
        return _COUNTRIES[text]
    import phonenumbers

    if text not in phonenumbers.SUPPORTED_REGIONS:
        raise wrong(f"{quoted(text)} is not a country: write Colombia, or two capital letters, for example CO")
    return text


def _use(value: Any) -> str:
    if value not in (BLOCK, LIST):
        hint = "; for a segment write 'segment: NAME'" if str(value).startswith(SEGMENT) else ""
        raise wrong(f"{quoted(str(value))} is not a use; write block or list{hint}")
    return str(value)


def _anonymous(value: Any) -> AnonymousRule:
    if value in (ALLOW, BLOCK):
        return AnonymousRule(use=str(value))
    first, _, name = str(value).partition(" ")
    if first != SEGMENT or not name:
        raise wrong(f"{quoted(str(value))} is not a rule; write allow, block, or for example: segment anonimos")
    if not re.fullmatch(NAME_PATTERN, name):
        raise wrong(f"{quoted(name)} cannot be a segment: {name_rule(name)}")
    return AnonymousRule(use=SEGMENT, segment=name)


class ListFile(BaseModel):
    """A list of `lists.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: Label = Field(description="its name for people")
    file: Text = Field(description="the CSV file, from the folder of lists.yaml: number,until,note")
    use: Annotated[str, BeforeValidator(_use)] = Field(
        default=LIST, description="block: their calls are ended; list: only conditions of flows ask for it"
    )
    segment: Name = Field(default="", description="the segment that these callers belong to, for example vip")
    priority: Annotated[int, whole(0, 9)] = Field(
        default=0,
        description="0 to 9: a head start in queues, added to what the flow gives; of several lists the highest",
    )


class ListsFile(BaseModel):
    """`lists.yaml`, which need not be there: who is calling.

    A list's file is a table as spreadsheets write it (CSV UTF-8; `,` `;` or tabs): `number`, and if wanted `until` (the
    last day on which the line counts, 2026-12-24) and `note`. All ways to write a number are one; after `+` stands a
    foreign country's code. A number that ends in `*` stands for all that begin so. A whole number wins over these, a
    longer beginning over a shorter one. The lists belong to the site's version.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    country: Annotated[str, BeforeValidator(_country)] = Field(
        default=DEFAULT_COUNTRY, description="of numbers without a country's code: Colombia, or for example EC"
    )
    anonymous: Annotated[AnonymousRule, BeforeValidator(_anonymous)] = Field(
        default=AnonymousRule(use=ALLOW),
        description="callers who withhold their number: allow, block, or segment NAME",
    )
    lists: dict[Name, ListFile] = Field(default_factory=dict, description="the lists: name: what it is for")


def problems(configuration: "Configuration") -> Iterator[Problem]:
    """Read every list's file, keep the tables in the configuration, and tell what is wrong in them."""
    document, model = configuration.lists.document, configuration.lists.model
    if document is None or model is None:
        return
    first: dict[Path, str] = {}
    for name, entry in model.lists.items():
        if entry.use == BLOCK and entry.segment:
            message = "a list that blocks gives no segment; write one of both"
            yield Problem.at(document.key_place(("lists", name, "segment")), "CONF058", message)
        place = document.place(("lists", name, "file"))
        shown = str(Path(configuration.lists.file).parent / entry.file)
        content, path, fault = _content(configuration.folder, entry.file)
        if not fault and path in first:
            fault = f"{quoted(entry.file)} is the file of the list {quoted(first[path])} already; give each its own"
        if fault:
            yield Problem.at(place, "CONF050", fault)
            continue
        first[path] = name
        table = read_callers(content, shown, model.country)
        configuration.callers[name] = table
        yield from table.problems


def expired(configuration: "Configuration", today: date) -> Iterator[Problem]:
    """Lines of lists that no longer count on a day."""
    for table in configuration.callers.values():
        yield from table.expired(today)


def tables(configuration: "Configuration") -> Mapping[str, CallerTable]:
    """The lists' files that could be read: their bytes belong to the site's version."""
    return configuration.callers


def _content(folder: Path, file: str) -> tuple[bytes, Path, str]:
    """A list's bytes and file, or why they cannot be had. Only files below the folder of the configuration count."""
    try:
        path = (folder / file).resolve()
        if not path.is_relative_to(folder.resolve()):
            return b"", path, f"{quoted(file)} lies outside the folder of lists.yaml; put the list into it"
        if not path.is_file():
            return b"", path, f"there is no file {quoted(file)} in the folder of lists.yaml{_near(folder, file)}"
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1), path, ""
    except OSError as fault:
        return b"", folder, f"{quoted(file)} cannot be read: {fault.strerror or 'unreadable'}; correct its rights"
    except ValueError:
        return b"", folder, f"{quoted(file)} cannot be the name of a file; correct it"


def _near(folder: Path, file: str) -> str:
    parent = (folder / file).parent
    names = sorted(path.name for path in parent.glob("*.csv"))[:100] if parent.is_dir() else []
    return suggestion(Path(file).name, names, "; put it there, or correct its name")


def caller_lists(configuration: "Configuration") -> Mapping[str, CallerList]:
    """The lists as the server uses them, in the file's order."""
    model = configuration.lists.model
    if model is None:
        return {}
    return {
        name: CallerList(
            name=name,
            label=entry.label,
            use=SEGMENT if entry.segment else entry.use,
            segment=entry.segment,
            file=entry.file,
            entries=configuration.callers[name].entries,
            priority=entry.priority,
        )
        for name, entry in model.lists.items()
    }


def anonymous_rule(configuration: "Configuration") -> AnonymousRule:
    """What happens to callers who withhold their number."""
    model = configuration.lists.model
    return model.anonymous if model is not None else AnonymousRule(use=ALLOW)


def country(configuration: "Configuration") -> str:
    """ISO code of the country of numbers without a calling code."""
    model = configuration.lists.model
    return model.country if model is not None else DEFAULT_COUNTRY
