"""Passwords and keys are made once, kept, and shown to nobody else."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ivr.install import secrets
from ivr.install.secrets import SecretsError


def test_made_once_and_kept(tmp_path: Path) -> None:
    first = secrets.ensure(tmp_path / "secrets", ["100", "101"])
    second = secrets.ensure(tmp_path / "secrets", ["100", "101"])
    assert (first.phones, first.ami, first.caller_key) == (second.phones, second.ami, second.caller_key)
    assert set(first.phones) == {"100", "101"}
    assert len({*first.phones.values(), first.ami}) == 3
    assert len(first.caller_key) == 32


def test_only_this_user_reads_them(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        secrets.ensure(tmp_path / "secrets", ["100"])
    finally:
        os.umask(old)
    folder = tmp_path / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {
        "phones.csv": 0o600,
        "ami.secret": 0o600,
        "caller.key": 0o600,
        "variables.key": 0o600,
    }


def test_a_new_extension_gets_a_password_and_the_others_keep_theirs(tmp_path: Path) -> None:
    before = secrets.ensure(tmp_path, ["100"]).phones["100"]
    after = secrets.ensure(tmp_path, ["101"])
    assert after.phones["100"] == before
    assert (tmp_path / "phones.csv").read_text().splitlines() == [
        "extension,password",
        f"100,{before}",
        f"101,{after.phones['101']}",
    ]


def test_not_in_a_repr(tmp_path: Path) -> None:
    kept = secrets.ensure(tmp_path, ["100"])
    assert kept.ami not in repr(kept)
    assert kept.phones["100"] not in repr(kept)


@pytest.mark.parametrize("text", ["", "100,x\n", "extension,password\n100\n", "extension,password\n100,\n"])
def test_a_broken_phone_list_is_told_and_not_overwritten(tmp_path: Path, text: str) -> None:
    file = tmp_path / "phones.csv"
    file.write_text(text)
    with pytest.raises(SecretsError, match=r"phones\.csv"):
        secrets.ensure(tmp_path, ["100"])
    assert file.read_text() == text


@pytest.mark.parametrize(("name", "text"), [("caller.key", "not hexadecimal"), ("ami.secret", "\n")])
def test_a_broken_key_is_told_without_showing_it(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SecretsError, match=name) as told:
        secrets.ensure(tmp_path, [])
    assert "not hexadecimal;" in str(told.value) or "empty" in str(told.value)


def test_two_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    program = (
        f"from ivr.install import secrets; print(secrets.ensure(__import__('pathlib').Path({str(tmp_path)!r}), []).ami)"
    )
    both = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {process.communicate(timeout=30)[0] for process in both}
    assert len(said) == 1
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".ami")]


def test_a_pin_is_made_once_and_a_changed_one_counts_at_once(tmp_path: Path) -> None:
    secrets.ensure(tmp_path, [])
    first = secrets.pins(tmp_path, [("mailbox", "servicio"), ("timetable", "oficina")])
    assert all(re.fullmatch("[0-9]{6}", pin) for pin in first.values()) and len(set(first.values())) == 2
    file = tmp_path / "pins.csv"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text(file.read_text().replace(first["mailbox", "servicio"], "1234"))
    again = secrets.pins(tmp_path, [("mailbox", "servicio"), ("mailbox", "cartera")])
    assert again["mailbox", "servicio"] == "1234"
    assert again["timetable", "oficina"] == first["timetable", "oficina"], "those of others are kept"
    assert file.read_text().splitlines()[:2] == ["kind,name,pin", "mailbox,servicio,1234"]


def test_nobody_to_protect_no_file(tmp_path: Path) -> None:
    assert secrets.pins(tmp_path, []) == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line", ["mailbox,servicio,12a4", "mailbox,servicio,123", "mailbox,servicio", "mailbox,,1234"])
def test_a_broken_list_of_pins_is_told_and_not_overwritten(tmp_path: Path, line: str) -> None:
    file = tmp_path / "pins.csv"
    file.write_text(f"kind,name,pin\n{line}\n")
    with pytest.raises(SecretsError, match=r"pins\.csv") as told:
        secrets.pins(tmp_path, [("mailbox", "servicio")])
    assert "12a4" not in str(told.value)
    assert line in file.read_text()
