"""JSON Schemas of a site's files, for editors: they complete, explain and underline while an administrator writes.

Made from the same models that read the files. An editor sees YAML's own types (`3` is a number there, `yes` a text), so
plain values may be of any of them. Names of the site are offered, not demanded: `ivr check` decides.
"""

import inspect
from collections.abc import Mapping
from dataclasses import replace
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ivr.language.lists import ListsFile
from ivr.language.lookups import MODELS as SOURCES
from ivr.language.lookups import LookUpsFile
from ivr.language.queues import QueuesFile
from ivr.language.reader import read_text
from ivr.language.recordings import RecordingsFile
from ivr.language.reference import as_written
from ivr.language.schema import FlowHead, HoursFile, PromptsFile, SiteFile
from ivr.language.voicemail import VoicemailFile
from ivr.site import Site
from ivr.site.targets import A_PERSON, HANG_UP, RETURN
from ivr.speech import BUILT_IN
from ivr.verbs import VERBS
from ivr.verbs.step import Step
from ivr.verbs.words import LANGUAGE, Refers, Written

Schema = dict[str, Any]
Names = Mapping[str, list[str]]
"""Kind of a name (`prompt`, `queue`, ...) -> the names that the site has."""

DRAFT = "http://json-schema.org/draft-07/schema#"
PLAIN = ["string", "number"]
FLOW_FILE = "flow.schema.json"

FILES: Mapping[str, type[BaseModel]] = {
    "site": SiteFile,
    "queues": QueuesFile,
    "hours": HoursFile,
    "lists": ListsFile,
    "lookups": LookUpsFile,
    "voicemail": VoicemailFile,
    "recordings": RecordingsFile,
}


def names_of(site: Site | None) -> Names:
    """What the names in a flow may be; without a site, only the words that are no steps."""
    words = [HANG_UP, A_PERSON, RETURN]
    if site is None:
        return {"step": words}
    return {
        "step": words,
        "prompt": sorted(site.prompts.keys() - BUILT_IN),
        "queue": list(site.queues),
        "hours": list(site.hours),
        "extension": list(site.extensions),
        "mailbox": list(site.mailboxes),
        "flow": list(site.flows),
        "look-up": list(site.look_ups),
        "language": list(site.languages),
        "agent": list(site.agents),
        "screen pop": list(site.screen_pops),
    }


def flow_schema(names: Names) -> Schema:
    """The schema of a flow's file."""
    schema = _object(FlowHead, names, "A flow: what happens to a caller, step by step.")
    schema["properties"]["steps"] = {
        "description": "the steps: name: what happens",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": _step(names),
    }
    return {"$schema": DRAFT, "title": "Flow", **schema, "definitions": _definitions(names)}


def _definitions(names: Names) -> Schema:
    return {kind: {"enum": known} for kind, known in names.items() if known}


def file_schemas(names: Names) -> Mapping[str, Schema]:
    """The schemas of the files of config/, by the file's name without its ending."""
    found = {
        name: {
            "$schema": DRAFT,
            "title": f"{name}.yaml",
            **_object(model, names, _docstring(model)),
            "definitions": _definitions(names),
        }
        for name, model in FILES.items()
    }
    return {**found, "prompts": _prompts(), "lookups": _with_sources(found["lookups"], names)}


def _step(names: Names) -> Schema:
    """One step: every setting is offered; the verb that is there decides which of them are right."""
    settings: Schema = {"same as": {"description": "the step whose settings hold here too", "type": "string"}}
    cases = []
    for word, verb in VERBS.items():
        whole = _object(verb, names, _docstring(verb))
        for setting, schema in whole["properties"].items():
            settings.setdefault(setting, schema if setting != word else {**schema, **_explained(verb)})
        inherited = {key: value for key, value in whole.items() if key != "required"}
        inherited["properties"] = {**whole["properties"], "same as": settings["same as"]}
        cases.append(
            {
                "if": {"required": [word]},
                "then": {
                    **inherited,
                    "if": {"not": {"required": ["same as"]}},
                    "then": {"required": whole.get("required", [])},
                },
            }
        )
    return {
        "type": "object",
        "description": "A step: one verb and its settings.",
        "properties": settings,
        "minProperties": 1,
        "allOf": cases,
        "defaultSnippets": [_snippet(word, verb) for word, verb in VERBS.items()],
    }


def _explained(verb: type[Step]) -> Schema:
    text = _docstring(verb)
    return {"description": text.split("\n\n")[0].replace("\n", " "), "markdownDescription": text}


def _snippet(word: str, verb: type[Step]) -> Schema:
    """The example of the verb's page, to begin with."""
    text = _docstring(verb).partition("```yaml\n")[2].partition("```")[0]
    document, _ = read_text(text.encode(), "example")
    body = next(iter(document.data.values())) if document is not None else {word: ""}
    return {"label": word, "description": _explained(verb)["description"], "body": body}


def _object(model: type[BaseModel], names: Names, description: str) -> Schema:
    properties: Schema = {}
    required = []
    for name, info in model.model_fields.items():
        setting = info.alias or name
        properties[setting] = _field(info, names)
        if info.is_required():
            required.append(setting)
    schema: Schema = {
        "type": "object",
        "description": description.split("\n\n")[0].replace("\n", " "),
        "properties": properties,
        "additionalProperties": False,
    }
    return {**schema, "required": required} if required else schema


def _field(info: FieldInfo, names: Names) -> Schema:
    schema = _of(info.annotation, tuple(info.metadata), names)
    if info.description:
        schema["description"] = info.description
    default = as_written(info)
    return {**schema, "default": default} if default else schema


def _of(kind: Any, metadata: tuple[Any, ...], names: Names) -> Schema:
    """The schema of a type with what its annotation says of it."""
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        return _of(inner, (*more, *metadata), names)
    if get_origin(kind) in (Union, UnionType):
        inside = [part for part in get_args(kind) if part is not NoneType]
        return _of(inside[0], metadata, names) if len(inside) == 1 else {"type": PLAIN}
    refers = next((entry for entry in metadata if isinstance(entry, Refers)), None)
    offered = refers.kind if refers is not None and names.get(refers.kind) else ""
    if get_origin(kind) is dict:
        key, value = get_args(kind)
        return _mapping(_of(key, (), names), _offering(_of(value, (), names), offered))
    if get_origin(kind) is list:
        return {"type": "array", "items": _of(get_args(kind)[0], (), names)}
    if get_origin(kind) is Literal:
        return {"enum": list(get_args(kind))}
    written = next((entry for entry in metadata if isinstance(entry, Written)), None)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        whole = _object(kind, names, _docstring(kind))
        return {"anyOf": [_plain(written), whole]} if written is not None else whole
    return _offering(_plain(written), offered)


def _plain(written: Written | None) -> Schema:
    if written is None:
        return {}
    if written.several:
        one = _plain(replace(written, several=False))
        return {"anyOf": [one, {"type": "array", "items": one}]}
    if written.choices and written.pattern:
        return {"anyOf": [_plain(replace(written, pattern="")), _plain(replace(written, choices=()))]}
    if written.choices:
        return {"enum": list(written.choices)}
    schema: Schema = {"type": PLAIN}
    if written.pattern:
        schema["pattern"] = f"^({written.pattern})$"
    if written.least is not None:
        schema |= {"minimum": written.least, "maximum": written.most}
    return schema


def _offering(schema: Schema, offered: str) -> Schema:
    """Offer the names of a kind, and take every other that may be right."""
    return {"anyOf": [{"$ref": f"#/definitions/{offered}"}, schema or {"type": PLAIN}]} if offered else schema


def _mapping(key: Schema, value: Schema) -> Schema:
    schema: Schema = {"type": "object", "additionalProperties": value or True}
    return {**schema, "propertyNames": {"pattern": key["pattern"]}} if "pattern" in key else schema


def _prompts() -> Schema:
    """prompts.yaml, whose languages are keys beside `recordings`."""
    files = {
        "type": "object",
        "description": "language: file of the studio",
        "additionalProperties": {"type": "string"},
    }
    prompt = {
        "type": "object",
        "description": "A prompt: its text in each language, or recordings.",
        "properties": {"recordings": files},
        "patternProperties": {f"^{LANGUAGE}$": {"type": PLAIN, "description": "what is said in this language"}},
        "additionalProperties": False,
    }
    return {
        "$schema": DRAFT,
        "title": "prompts.yaml",
        "type": "object",
        "description": (PromptsFile.__doc__ or "").strip(),
        "properties": {"prompts": {"type": "object", "description": "the prompts", "additionalProperties": prompt}},
        "required": ["prompts"],
        "additionalProperties": False,
    }


def _with_sources(file: Schema, names: Names) -> Schema:
    """lookups.yaml: the setting that says where a source asks decides which others there are."""
    kinds = {word: _object(model, names, _docstring(model)) for word, model in SOURCES.items()}
    source = {
        "type": "object",
        "properties": {setting: schema for whole in kinds.values() for setting, schema in whole["properties"].items()},
        "oneOf": [{"required": [word]} for word in kinds],
        "allOf": [{"if": {"required": [word]}, "then": whole} for word, whole in kinds.items()],
    }
    sources = {**file["properties"]["look-ups"], "additionalProperties": source}
    return {**file, "properties": {"look-ups": sources}}


def _docstring(thing: type) -> str:
    return inspect.cleandoc(thing.__doc__ or "")
