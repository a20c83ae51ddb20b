"""`ivr schema`: JSON Schemas for editors, with the names that this site has."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from ivr.language import load_site
from ivr.language.editor import FLOW_FILE, file_schemas, flow_schema, names_of
from ivr.settings.environment import Environment


@click.command(name="schema")
@click.option("--check", is_flag=True, help="write nothing; exit 1 when a schema is not up to date")
def command(check: bool) -> None:
    """Write the JSON Schemas beside the flows and the configuration.

    Editors with a YAML language server (VS Code and others) complete, explain and underline by them. Each file names
    its schema in its first line: `# yaml-language-server: $schema=...`. Run it again after a change of prompts, queues
    or other names, so that the editor offers them.
    """
    from os import environ

    environment = Environment.from_environ(environ)
    texts = _texts(environment)
    stale = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if check:
        for path in stale:
            click.echo(f"{path} is not up to date; run: ivr schema", err=True)
        sys.exit(1 if stale else 0)
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path], encoding="utf-8")
        click.echo(f"written: {path}")


def _texts(environment: Environment) -> Mapping[Path, str]:
    names = names_of(load_site(environment.config, environment.flows).site)
    found = {environment.flows / FLOW_FILE: flow_schema(names)}
    for name, schema in file_schemas(names).items():
        found[environment.config / "schemas" / f"{name}.schema.json"] = schema
    return {path: json.dumps(schema, ensure_ascii=False, indent=1) + "\n" for path, schema in found.items()}
