"""The kept versions: what is copied, found, told and tidied away."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from ivr.language import load_site
from ivr.site import Site
from ivr.versions import copies as copies_module
from ivr.versions.copies import Activation, Copies, CopyError, files_of
from tests.unit.versions.site_files import NOW, Office


def keep(office: Office, minutes: int = 0) -> Site:
    """Take, check and keep what stands in the folders, and note that it came into force."""
    copy = office.copies.take(office.folders.config, office.folders.flows)
    site = load_site(copy.config, copy.flows).site
    assert site is not None
    office.copies.keep(copy, site)
    at = NOW + timedelta(minutes=minutes)
    office.copies.note(site, Activation(at=at, how="reload", who="ana", why="por qué no"))
    return site


def version_in(config: Path, flows: Path) -> str:
    site = load_site(config, flows).site
    assert site is not None
    return site.version


def test_a_kept_version_reads_as_the_site_did(tmp_path: Path) -> None:
    office = Office(tmp_path)
    site = keep(office)
    office.say("Otra cosa.")
    copy = office.copies.get(site.edition)
    assert copy is not None and version_in(copy.config, copy.flows) == site.version
    (kept,) = office.copies.all()
    assert (kept.version, kept.edition, len(kept.activations)) == (site.version, site.edition, 1)
    assert kept.activations[0] == Activation(at=NOW, how="reload", who="ana", why="por qué no")


def test_equal_files_are_stored_once_and_the_same_version_is_kept_once(tmp_path: Path) -> None:
    office = Office(tmp_path)
    first = keep(office)
    office.say("Otra cosa.")
    second = keep(office, 1)
    keep(office, 2)
    assert [kept.edition for kept in office.copies.all()] == [second.edition, first.edition]
    assert [len(kept.activations) for kept in office.copies.all()] == [2, 1]
    files = [office.copies.folder / site.edition / "config" / "hours.yaml" for site in (first, second)]
    assert files[0].samefile(files[1])
    assert not files[0].with_name("prompts.yaml").samefile(files[1].with_name("prompts.yaml"))


def test_the_fingerprint_tells_every_state_apart_also_a_recording(tmp_path: Path) -> None:
    office = Office(tmp_path)
    take = lambda: office.copies.take(office.folders.config, office.folders.flows).fingerprint  # noqa: E731
    first = take()
    assert take() == first
    os.utime(office.folders.config / "site.yaml", (1, 1))
    assert take() == first
    (office.folders.config / "studio").mkdir()
    (office.folders.config / "studio" / "hola.wav").write_bytes(b"RIFF")
    with_recording = take()
    assert with_recording != first
    (office.folders.config / "studio" / "hola.wav").write_bytes(b"RIFX")
    assert take() not in (first, with_recording)
    office.break_flow()
    assert take() not in (first, with_recording)


def test_hidden_files_and_those_of_other_programs_are_no_part_of_it(tmp_path: Path) -> None:
    for name in ("a.yaml", ".a.yaml.swp", ".b.yaml", "notes.txt", "lists/x.csv", ".git/c.yaml", "b/c/d/e/deep.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    assert [str(file.relative_to(tmp_path)) for file in files_of(tmp_path)] == ["a.yaml", "lists/x.csv"]


def test_versions_are_named_by_their_first_digits(tmp_path: Path) -> None:
    office = Office(tmp_path)
    site = keep(office)
    assert office.copies.find(site.edition[:4]) == office.copies.find(site.version) == site.edition
    with pytest.raises(CopyError, match="no kept version begins with"):
        office.copies.find("0" * 12 if not site.edition.startswith("0" * 12) else "f" * 12)
    for hostile in ("../..", "", "xyz", "a" * 65, "\x1b[2J"):
        with pytest.raises(CopyError, match="is not the beginning of a version"):
            office.copies.find(hostile)
    assert office.copies.get("../../etc") is None
    office.say("Otra cosa.")
    keep(office, 1)
    (office.copies.folder / ("a" * 12)).mkdir()
    (office.copies.folder / ("a" * 11 + "b")).mkdir()
    with pytest.raises(CopyError, match="several versions begin with aaaa"):
        office.copies.find("aaaa")


def test_a_folder_that_cannot_be_copied_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(tmp_path)
    monkeypatch.setattr(copies_module, "LARGEST_FILE", 100)
    with pytest.raises(CopyError, match="cannot be copied to"):
        office.copies.take(office.folders.config, office.folders.flows)
    assert not list(office.copies.folder.glob(".new-*"))


def test_what_a_crash_left_and_what_is_too_old_goes_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(tmp_path)
    sites = []
    for n in range(4):
        office.say(f"Saludo {n}.")
        sites.append(keep(office, n))
    office.copies.take(office.folders.config, office.folders.flows)  # and died
    monkeypatch.setattr(copies_module, "KEPT", 2)
    content = len(list((office.copies.folder / ".content").iterdir()))
    office.copies.tidy([sites[0].version])
    assert {kept.edition for kept in office.copies.all()} == {sites[n].edition for n in (0, 2, 3)}
    assert not list(office.copies.folder.glob(".new-*"))
    assert len(list((office.copies.folder / ".content").iterdir())) == content - 1
    assert version_in(*_folders(office, sites[0])) == sites[0].version


def _folders(office: Office, site: Site) -> tuple[Path, Path]:
    copy = office.copies.get(site.edition)
    assert copy is not None
    return copy.config, copy.flows


def test_a_broken_history_hides_a_version_and_harms_no_other(tmp_path: Path) -> None:
    office = Office(tmp_path)
    first = keep(office)
    office.say("Otra cosa.")
    second = keep(office, 1)
    meta = office.copies.folder / first.edition / "meta.json"
    for broken in ("", "[]", "{", json.dumps({"version": first.version, "activations": [{"at": "yesterday"}]})):
        meta.chmod(0o600)
        meta.write_text(broken)
        assert [kept.edition for kept in office.copies.all()] == [second.edition]
    office.copies.note(first, Activation(at=NOW + timedelta(hours=1), how="rollback", who="ana"))
    assert Copies(office.copies.folder).all()[0].edition == first.edition
