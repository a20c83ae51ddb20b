"""The description of the API as one page: no script, no picture, nothing from elsewhere. Pure."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
nav a { margin-right: 1rem; }
details { border: 1px solid #8886; border-radius: 4px; margin: .4rem 0; padding: .3rem .7rem; }
summary { cursor: pointer; }
code, pre { font: 13px/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; background: #8881; padding: .5rem; }
table { border-collapse: collapse; }
td, th { border-bottom: 1px solid #8884; padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top; }
.get { color: #27763d; } .post, .put, .patch { color: #8a5200; } .delete { color: #b3261e; }
"""


def policy() -> str:
    """The Content-Security-Policy of the page: its own style, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def page(document: Mapping[str, Any]) -> str:
    """An OpenAPI document, to read."""
    by_tag: dict[str, list[str]] = {}
    for path, operations in sorted(document["paths"].items()):
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["others"])[0]
            by_tag.setdefault(tag, []).append(_operation(method, path, operation))
    links = "".join(f'<a href="#{escape(tag)}">{escape(tag)}</a>' for tag in [*by_tag, "schemas"])
    parts = [f'<h2 id="{escape(tag)}">{escape(tag)}</h2>' + "".join(found) for tag, found in by_tag.items()]
    schemas = document.get("components", {}).get("schemas", {})
    info = document["info"]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])}: API</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{_text(info.get('description', ''))}</p>"
        f'<p><a href="openapi.json">openapi.json</a></p><nav>{links}</nav>{"".join(parts)}'
        f'<h2 id="schemas">schemas</h2>{"".join(_schema(name, one) for name, one in sorted(schemas.items()))}'
        "</body></html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    allowed = operation.get("x-allowed", {})
    who = ", ".join(f"{role} ({far})" for role, far in allowed.items()) or "anybody"
    scope = f" · scope <code>{escape(operation['x-scope'])}</code>" if "x-scope" in operation else ""
    return (
        f'<details><summary><code class="{escape(method)}">{escape(method.upper())}</code> <code>{escape(path)}</code> '
        f"{escape(operation.get('summary', ''))}</summary><p>{_text(operation.get('description', ''))}</p>"
        f"<p>{escape(who)}{scope}</p>{_parameters(operation.get('parameters', ()))}{_body(operation)}"
        f"{_answers(operation['responses'])}</details>"
    )


def _parameters(parameters: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{escape(one['in'])}</td>"
        f"<td><code>{escape(_kind(one.get('schema', {})))}</code></td><td>{_text(one.get('description', ''))}</td></tr>"
        for one in parameters
    ]
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _body(operation: Mapping[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    return "".join(f"<p>Body: <code>{escape(_kind(one.get('schema', {})))}</code></p>" for one in content.values())


def _answers(responses: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for status, one in responses.items():
        kinds = ", ".join(_kind(content.get("schema", {})) or kind for kind, content in one.get("content", {}).items())
        rows.append(
            f"<tr><td><code>{escape(status)}</code></td><td><code>{escape(kinds)}</code></td>"
            f"<td>{_text(one.get('description', ''))}</td></tr>"
        )
    return f"<table>{''.join(rows)}</table>"


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    shown = json.dumps(schema, ensure_ascii=False, indent=1)
    head = f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
    return f"{head}<pre>{escape(shown)}</pre></details>"


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a few characters: `string`, `AgentRow`, `AgentRow[]`, `string | null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(_kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"{_kind(schema.get('items', {}))}[]"
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    return str(schema.get("type", ""))


def _text(text: str) -> str:
    """Words between backquotes as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
