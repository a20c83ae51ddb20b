"""Renders `asterisk-conf/` into an instance's `asterisk/etc`.

`*.conf` files are copied, `*.conf.j2` are Jinja2 templates; a name that does not exist is an error, and nothing of the
site can end a line or begin a comment in Asterisk's files. Files are replaced one by one, and only when they differ.
"""

import re
import secrets as random
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined, TemplateError

from ivr.install.paths import Paths
from ivr.install.secrets import Secrets
from ivr.settings.environment import Environment, Profile
from ivr.settings.waiting import WAIT_SECONDS
from ivr.site import Site

# What callers hear when reception does not answer and the server is away; prompts that the site lacks are left out.
SORRY_PROMPTS = ("recepcion_no_contesta", "despedida")
_PRIVATE_NETWORKS = (
    "127.0.0.0/255.0.0.0",
    "::1/128",
    "10.0.0.0/255.0.0.0",
    "172.16.0.0/255.240.0.0",
    "192.168.0.0/255.255.0.0",
)


class RenderError(Exception):
    """A template or a value cannot become Asterisk's configuration. The message names it."""


def render(
    templates: Path,
    paths: Paths,
    site: Site,
    environment: Environment,
    secrets: Secrets,
    sound: Callable[[str], str | None],
) -> tuple[str, ...]:
    """Write the configuration and return the names of the files that changed, sorted.

    `sound` gives Asterisk's name of a prompt in the site's language. Raises RenderError, and PathError for
    a path that a shell would read otherwise.
    """
    paths.check()
    engine = Templates(
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        finalize=_plain,
    )
    engine.filters.update(conf=conf, digits=digits, quoted=quoted)
    context = _context(paths, site, environment, secrets, sound)
    texts: dict[str, str] = {}
    for file in sorted(templates.glob("*.conf*")):
        try:
            if file.suffix == ".j2":
                texts[file.stem] = engine.get_template(file.name).render(context)
            elif file.suffix == ".conf":
                texts[file.name] = file.read_text(encoding="utf-8")
        except (TemplateError, ValueError) as fault:
            raise RenderError(f"{file}: {fault}") from None
    changed = [name for name, text in texts.items() if _write(paths.etc / name, text)]
    stale = {file.name for file in paths.etc.glob("*.conf")} - texts.keys()
    for name in stale:
        (paths.etc / name).unlink()
    return tuple(sorted((*changed, *stale)))


def _context(
    paths: Paths, site: Site, environment: Environment, secrets: Secrets, sound: Callable[[str], str | None]
) -> dict[str, Any]:
    outside = [trunk.name for trunk in site.trunks.values() if trunk.outbound]
    return {
        "site": site,
        "environment": environment,
        "development": environment.profile is Profile.DEVELOPMENT,
        "secrets": secrets,
        "paths": paths,
        "extensions": tuple(site.extensions),
        "numbers": tuple(site.numbers),
        "lamps": {number: _lamps(site, number) for number in site.extensions},
        "timetable_codes": {hours.code: name for name, hours in site.hours.items() if hours.code},
        "outside_trunk": f"trunk-{outside[0]}" if outside else "",
        "recordings": paths.recordings,
        "recordings_done": paths.recordings_done,
        "wait_seconds": WAIT_SECONDS,
        "ami_permit": ami_permit(environment.ami.host),
        "accept_sound": sound("phrase_accept_call") or "beep",
        "unrecorded_sound": sound("phrase_recording_off") or "beep",
        "sorry_sound": "&".join(found for found in map(sound, SORRY_PROMPTS) if found),
    }


def _lamps(site: Site, extension: str) -> str:
    """The mailboxes of an extension as Asterisk names them."""
    names = (box.name for box in site.mailboxes.values() if extension in box.extensions)
    return ",".join(f"{name}@centralita" for name in names)


def ami_permit(host: str) -> tuple[str, ...]:
    """From where AMI may be used: this machine, and private networks only when it is bound beyond the loopback."""
    try:
        loopback = ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    return _PRIVATE_NETWORKS[:2] if loopback else _PRIVATE_NETWORKS


def conf(value: object) -> str:
    """One line of a configuration file: no line break, and no semicolon that begins a comment. Raises ValueError."""
    text = str(_plain(value))
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError(f"control characters in {text!r}")
    return text.replace(";", "\\;")


def quoted(value: object) -> str:
    """What may stand between double quotes in a caller id: words, without what ends or escapes them."""
    return re.sub(r"[^\w .,()/+-]", "", str(value))


def digits(value: object) -> str:
    """A telephone number or an extension. Raises ValueError for anything else."""
    text = str(value)
    if not re.fullmatch(r"\+?[0-9*#]{1,20}", text):
        raise ValueError(f"{text!r} is not a number")
    return text


def _plain(value: object) -> object:
    """Durations as whole seconds, enums as their values: what Asterisk understands."""
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    return value.value if isinstance(value, Enum) else value


def _write(file: Path, text: str) -> bool:
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return False
    fresh = file.with_name(f".{file.name}.{random.token_hex(4)}")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)
    return True
