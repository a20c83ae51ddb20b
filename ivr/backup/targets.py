"""The places that copies go to: from config/recordings.yaml, or from the words of a command where no site is."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ivr.site.recordings import BackupSettings, BackupTarget, FolderPlace, HostPlace, Place, S3Place
from recordings.backup.folder import FolderTarget
from recordings.backup.targets import Target

AWS = "https://s3.{region}.amazonaws.com"
USUAL_REGION = "us-east-1"
_HOST = re.compile(r"([A-Za-z0-9._-]+)@(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(.+)")
_S3 = re.compile(r"s3://([A-Za-z0-9][A-Za-z0-9._-]*)(?:/(.*))?")
_KINDS: dict[str, type[Place]] = {"folder": FolderPlace, "host": HostPlace, "s3": S3Place}


class NoTarget(ValueError):
    """There is no such target. The message says what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a place needs besides its name; each is a path, or a word."""

    key: str = ""
    known_hosts: str = ""
    port: int = 22
    endpoint: str = ""
    region: str = ""
    credentials: str = ""


def target_of(wanted: BackupTarget, secrets: Path) -> Target:
    """Opened when it is used. `secrets`: the folder for files that are no whole paths."""
    place = wanted.place
    if isinstance(place, FolderPlace):
        return FolderTarget(Path(place.path), wanted.name)
    if isinstance(place, HostPlace):
        from recordings.backup.ssh import SshTarget  # asyncssh takes 0.3 s, and a folder has no need of it

        return SshTarget(
            place.host.strip("[]"),
            place.user,
            place.path,
            key=secrets / place.key_file,
            known_hosts=secrets / place.known_hosts,
            port=place.port,
            name=wanted.name,
        )
    from recordings.backup.s3 import S3Target

    region = place.region or USUAL_REGION
    return S3Target(
        place.bucket,
        endpoint=place.endpoint or AWS.format(region=region),
        credentials=secrets / place.credentials,
        region=region,
        folder=place.prefix.strip("/"),
        name=wanted.name,
    )


def place_of(wanted: BackupTarget) -> str:
    """Where it lies, in words, on one line."""
    place = wanted.place
    if isinstance(place, FolderPlace):
        return place.path
    if isinstance(place, HostPlace):
        return f"{place.user}@{place.host}:{place.path}"
    return f"s3://{place.bucket}/{place.prefix.strip('/')} at {place.endpoint or place.region or USUAL_REGION}"


def named(settings: BackupSettings | None, name: str) -> BackupTarget:
    """The site's target of that name. Raises NoTarget."""
    targets = settings.targets if settings is not None else ()
    for target in targets:
        if target.name == name:
            return target
    if not targets:
        raise NoTarget("config/recordings.yaml names no target: write one below `backup`")
    raise NoTarget(
        f"there is no target {name!r} in config/recordings.yaml; there are {', '.join(t.name for t in targets)}"
    )


def spoken(text: str, options: Options) -> BackupTarget:
    """A place as it is written at a command: `/folder`, `user@host:folder`, `s3://bucket/prefix`. Raises NoTarget."""
    bucket, host = _S3.fullmatch(text), _HOST.fullmatch(text)
    if bucket is not None:
        _needed(text, options, "credentials")
        if not options.endpoint and not options.region:
            raise NoTarget(f"{text} needs --region, or --endpoint when it is not AWS")
        return BackupTarget(
            name=text,
            place=S3Place(
                bucket=bucket[1],
                endpoint=options.endpoint,
                region=options.region,
                prefix=bucket[2] or "",
                credentials=_whole(options.credentials),
            ),
        )
    if host is not None:
        _needed(text, options, "key", "known_hosts")
        return BackupTarget(
            name=text,
            place=HostPlace(
                user=host[1],
                host=host[2],
                path=host[3],
                key_file=_whole(options.key),
                known_hosts=_whole(options.known_hosts),
                port=options.port,
            ),
        )
    if "/" in text or text in (".", ".."):
        return BackupTarget(name=text, place=FolderPlace(path=_whole(text)))
    raise NoTarget(f"{text!r} is no place: write /folder, user@host:folder, s3://bucket or a target's name")


def is_place(text: str) -> bool:
    """Whether it says a place itself, rather than the name of a target."""
    return "/" in text or "@" in text or text in (".", "..")


def as_json(target: BackupTarget) -> dict[str, Any]:
    """Plain values; no secret is in them, only where it lies."""
    [kind] = [kind for kind, place in _KINDS.items() if isinstance(target.place, place)]
    return {"name": target.name, "kind": kind, "place": asdict(target.place)}


def of_json(values: Mapping[str, Any]) -> BackupTarget:
    """From `as_json`."""
    return BackupTarget(name=values["name"], place=_KINDS[values["kind"]](**values["place"]))


def _needed(text: str, options: Options, *names: str) -> None:
    for name in names:
        if not getattr(options, name):
            raise NoTarget(f"{text} needs --{name.replace('_', '-')}")


def _whole(path: str) -> str:
    return str(Path(path).expanduser().absolute())
