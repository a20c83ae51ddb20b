"""Where Asterisk was installed to listen and to call, written beside its configuration.

The running server renders that configuration anew when the site changes. Addresses are not part of the site: they stay
those of the installation, whatever environment the server itself was started in (another container, another port behind
a proxy).
"""

import json
from dataclasses import replace

from ivr.install.paths import Paths
from ivr.settings.environment import Environment, SettingsError

_FILE = "instance.json"
_NAMES = ("SIP", "AMI", "FASTAGI", "RTP", "NODE")


def write(paths: Paths, environment: Environment, edition: str) -> None:
    """Write down what was rendered. Raises OSError."""
    values = {name: str(getattr(environment, name.lower())) for name in _NAMES}
    fresh = paths.etc / f".{_FILE}.fresh"
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps({"edition": edition, **values}, indent=1), encoding="utf-8")
    fresh.replace(paths.etc / _FILE)


def rendered_edition(paths: Paths) -> str:
    """The edition of the site that Asterisk's configuration was rendered from; empty when that is not known."""
    return _read(paths).get("edition", "")


def installed(paths: Paths, environment: Environment) -> Environment:
    """The environment with the addresses of the installation."""
    values = _read(paths)
    try:
        read = Environment.from_environ({f"CENTRALITA_{name}": values[name] for name in _NAMES})
    except (KeyError, SettingsError):
        return environment
    return replace(environment, sip=read.sip, ami=read.ami, fastagi=read.fastagi, rtp=read.rtp, node=read.node)


def _read(paths: Paths) -> dict[str, str]:
    try:
        data = json.loads((paths.etc / _FILE).read_bytes())
        return {str(name): str(value) for name, value in data.items()}
    except (OSError, ValueError, AttributeError):
        return {}
