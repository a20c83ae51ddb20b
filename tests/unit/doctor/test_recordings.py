"""What the doctor sees of recordings: real key files, a real catalogue."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ivr.doctor.look.recordings import recordings
from ivr.doctor.observed import RecordingsSeen
from ivr.install.paths import Paths
from ivr.recordings.nightly import KEPT, Result
from ivr.records.store import RecordStore
from ivr.settings.environment import Environment
from ivr.testing.instance_site import copy_site
from recordings.catalogue import Recording, SqlCatalogue, State
from recordings.vault.keyfiles import make_identity
from tests.pages import ROOT

AT = datetime(2026, 11, 23, 4, tzinfo=UTC)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Environment]:
    """An instance of the repository's site, which records the queue servicio."""
    config, flows = copy_site(ROOT, tmp_path, {})
    made = replace(Environment.from_environ({}), config=config, flows=flows, var=tmp_path / "var",
                   records=f"sqlite:///{tmp_path}/records.sqlite")  # fmt: skip
    paths = Paths.of(made)
    for folder in (paths.secrets, paths.vault, paths.recordings):
        folder.mkdir(parents=True)
    yield made


def looked(environment: Environment) -> RecordingsSeen:
    seen, gaps = recordings(environment)
    assert seen is not None and gaps == ()
    return seen


def test_without_keys_it_says_so(environment: Environment) -> None:
    assert "no file of recipients" in looked(environment).recipients_fault
    Paths.of(environment).recipients.write_text("# nobody\n")
    assert "no recipient" in looked(environment).recipients_fault


def test_whether_the_identity_here_opens_what_is_recorded(environment: Environment) -> None:
    paths = Paths.of(environment)
    own = make_identity(paths.identity).text
    other = make_identity(paths.secrets / "other").text
    paths.recipients.write_text(f"{other}\n")
    assert looked(environment).opens is False
    paths.recipients.write_text(f"{other}\n{own}\n")
    seen = looked(environment)
    assert seen.opens is True and seen.identity == str(paths.identity) and not seen.recipients_fault
    paths.identity.write_text("AGE-SECRET-KEY-1")
    assert looked(environment).opens is False
    paths.identity.write_bytes(b"age-encryption.org/v1\n...")
    assert looked(environment).opens is None, "it is behind a passphrase"
    paths.identity.unlink()
    assert looked(environment).identity == ""
    assert looked(replace(environment, keys=paths.var / "socket")).elsewhere


def test_the_catalogue_and_the_last_proof(environment: Environment) -> None:
    assert looked(environment).since is None, "there is no database yet"
    store = RecordStore.open(environment.records)
    catalogue = SqlCatalogue(store.engine)
    for number, state in enumerate((State.KEPT, State.TAKEN, State.TAKEN)):
        catalogue.add(
            Recording(
                recording=f"c{number}_1",
                call=f"c{number}",
                leg="1",
                queue="q",
                agent="1",
                finished=AT + timedelta(hours=number),
                length_us=1,
                bytes=1,
                sha256="",
                file="",
                state=state,
            )
        )
    seen = looked(environment)
    assert (seen.waiting, seen.oldest, seen.since, seen.verified) == (2, AT + timedelta(hours=1), AT, None)
    store.keep_state(KEPT, Result(AT, 1.0, 3, 3, 3, 0, {"altered": 2, "missing": 1}).as_json())
    store.close()
    seen = looked(environment)
    assert (seen.verified, seen.unsound, seen.backup) == (AT, 3, False)


def test_a_site_that_records_nobody_is_not_asked(environment: Environment) -> None:
    queues = environment.config / "queues.yaml"
    queues.write_text(queues.read_text().replace("record: yes", "record: no"))
    assert recordings(environment) == (None, ())
    (environment.config / "recordings.yaml").write_text('record:\n  agents:\n    "105": on demand\n')
    assert recordings(environment)[0] is not None
    queues.write_text("nonsense: [")
    seen, [gap] = recordings(environment)
    assert seen is None and "ivr check" in gap.remedy
