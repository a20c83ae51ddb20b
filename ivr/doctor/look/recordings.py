"""Keys, vault, proof and copies of recordings, as far as files and the records' database tell."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ivr.doctor.observed import Gap, RecordingsSeen
from ivr.install.paths import Paths
from ivr.settings.environment import Environment

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ivr.site import Site


def recordings(environment: Environment) -> tuple[RecordingsSeen | None, tuple[Gap, ...]]:
    """What is seen; None for a site that records nobody."""
    from ivr.language import load_site

    try:
        site = load_site(environment.config, environment.flows).site
    except OSError:
        site = None
    if site is None:
        return None, (Gap("recordings", "the site's files cannot be used, so it is not known who is recorded",
                          "ivr check says what is wrong"),)  # fmt: skip
    if not records(site):
        return None, ()
    paths = Paths.of(environment)
    seen = RecordingsSeen(
        recipients=str(paths.recipients),
        vault=str(paths.vault),
        elsewhere=environment.keys is not None,
        same_disk=_same_disk(paths.vault, paths.recordings),
        backup=site.recordings.backup is not None,
    )
    seen = _of_keys(seen, paths)
    return _of_catalogue(seen, environment.records)


def records(site: "Site") -> bool:
    """Whether any talk may ever be recorded."""
    from ivr.site.recordings import needs_notice

    own = site.recordings
    rules = [queue.record for queue in site.queues.values()]
    rules += [*own.directions.values(), *own.numbers.values(), *own.agents.values()]
    return any(needs_notice(rule) for rule in rules)


def _of_keys(seen: RecordingsSeen, paths: Paths) -> RecordingsSeen:
    from recordings.vault.keyfiles import has_passphrase, parse_identities, parse_recipients, text_of

    try:
        content = paths.recipients.read_bytes()
        known = {one.text for one in parse_recipients(text_of(content, str(paths.recipients)), str(paths.recipients))}
    except FileNotFoundError:
        return replace(seen, recipients_fault="there is no file of recipients: nothing can be kept")
    except (OSError, ValueError) as error:
        return replace(seen, recipients_fault=str(error))
    try:
        identity = paths.identity.read_bytes()
    except OSError:
        return seen
    seen = replace(seen, identity=str(paths.identity))
    if has_passphrase(identity):
        return seen
    try:
        own = parse_identities(text_of(identity, str(paths.identity)), str(paths.identity))
    except ValueError:
        return replace(seen, opens=False)
    return replace(seen, opens=any(one.recipient.text in known for one in own))


def _of_catalogue(seen: RecordingsSeen, url: str) -> tuple[RecordingsSeen, tuple[Gap, ...]]:
    from sqlalchemy.exc import SQLAlchemyError

    from ivr.recordings.nightly import KEPT, result_of
    from ivr.records.store import RecordStore, RecordsUnavailable

    try:
        store = RecordStore.read_only(url)
    except (RecordsUnavailable, SQLAlchemyError, ValueError, ImportError):
        return seen, ()  # told with the accounts
    try:
        seen = replace(seen, **_counted(store.engine))
        last = result_of(store.state(KEPT))
    except (SQLAlchemyError, ValueError) as error:
        why = str(error).splitlines()[0]
        return seen, (Gap("recordings", f"the catalogue cannot be read ({why})",
                          "run `ivr doctor` as the server's user, after this version's server began"),)  # fmt: skip
    finally:
        store.close()
    if last is not None:
        seen = replace(seen, verified=last.at, unsound=sum(last.kinds.values()))
    return seen, ()


def _counted(engine: "Engine") -> dict[str, Any]:
    from sqlalchemy import func, select

    from recordings.catalogue import State, table

    r = table.c
    taken = r.state == State.TAKEN.value
    with engine.connect() as connection:
        waiting, oldest = connection.execute(select(func.count(), func.min(r.finished)).where(taken)).one()
        since = connection.execute(select(func.min(r.finished))).scalar()
    return {"waiting": waiting, "oldest": oldest, "since": since}


def _same_disk(one: Path, other: Path) -> bool:
    from ivr.doctor.look.machine import existing

    try:
        return existing(one).stat().st_dev == existing(other).stat().st_dev
    except OSError:
        return False
