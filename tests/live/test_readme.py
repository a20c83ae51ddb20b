"""The README, tried as a new user would: its commands as they stand, in its order, on a line of its own.

The folder looks like a fresh clone, with a `var/` of its own; the environment only gives other ports and the Asterisk
that is unpacked already. `make test` and the other long ones are shown to be there, not run.
"""

import asyncio
import functools
import os
import re
import shutil
import signal
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from ivr.install.asterisk import taken
from ivr.settings.environment import Environment
from ivr.testing.installation import ROOT
from ivr.testing.ports import free_audio_ports, free_port
from tests.pages import blocks, commands, inline_code, targets
from tests.tools import run

README, OPERATIONS = ROOT / "README.md", ROOT / "docs/operations.md"
METRICS = "curl -s http://127.0.0.1:8080/metrics"
LONG = {"make test", "make check", "make bench", "make soak"}
MARK = "CENTRALITA_NODE"  # every process of the line has it in its environment, with a value of this test
SECONDS = 300.0


class NewUser:
    """Somebody with a clone and two terminals: one has `make run`, the other takes command after command."""

    def __init__(self, folder: Path, asterisk_root: Path) -> None:
        self.folder = folder
        self.node = f"readme{os.getpid()}"
        self.variables = {
            MARK: self.node,
            "CENTRALITA_SIP": f"127.0.0.1:{free_port(udp=True)}",
            "CENTRALITA_AMI": f"127.0.0.1:{free_port()}",
            "CENTRALITA_FASTAGI": f"127.0.0.1:{free_port()}",
            "CENTRALITA_HTTP": f"127.0.0.1:{free_port()}",
            "CENTRALITA_RTP": free_audio_ports(),
            "CENTRALITA_ASTERISK_ROOT": str(asterisk_root),
        }
        self.line: asyncio.subprocess.Process | None = None
        self.call = self.recording = ""
        self.said: dict[str, str] = {}
        for name in ("Makefile", "README.md", "acd", "asterisk-conf", "config", "ivr", "recordings", "docs"):
            (folder / name).symlink_to(ROOT / name)
        for name in ("pyproject.toml", "requirements.lock"):
            (folder / name).symlink_to(ROOT / name)
        (folder / ".venv").symlink_to(sys.prefix)

    async def types(self, command: str) -> None:
        """One command of the README, as it stands but for the port and the id of the call."""
        if command == "make run":
            await self._run()
            return
        line = command.replace("127.0.0.1:8080", self.variables["CENTRALITA_HTTP"])
        line = re.sub(r"\bCALL\b", self.call, re.sub(r"\bRECORDING\b", self.recording, line))
        process = await self._start("sh", "-c", line)
        out, _ = await process.communicate()
        said = self.said[command] = out.decode()
        assert process.returncode == 0, f"{command}:\n{said}"
        if command == ".venv/bin/ivr calls":
            # The row of the call that somebody answered; its last column is the id.
            [self.call] = re.findall(rf"answered.*({self.node}-\d+\.\d+)", said)
        if command == ".venv/bin/ivr recordings list --call CALL":
            [self.recording] = re.findall(rf"{re.escape(self.call)}_\S+", said)

    async def ctrl_c(self) -> int:
        """What a terminal does: SIGINT to everybody in the foreground."""
        assert self.line is not None
        os.killpg(self.line.pid, signal.SIGINT)
        out, _ = await self.line.communicate()
        self.said["make run"] += out.decode()
        assert self.line.returncode is not None
        return self.line.returncode

    async def leave(self) -> None:
        """End what a failed test left."""
        if self.line is not None and self.line.returncode is None:
            await self.ctrl_c()

    def page(self, path: str) -> str:
        """A page of the server, where there is no curl."""
        with urllib.request.urlopen(f"http://{self.variables['CENTRALITA_HTTP']}{path}") as answer:
            return str(answer.read().decode())

    def processes(self) -> dict[int, str]:
        """Everything that runs and was started from here: pid and command line."""
        mark = f"{MARK}={self.node}".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ").strip()
            except OSError:
                continue  # not ours, or gone meanwhile
        return found

    async def _run(self) -> None:
        self.line = await self._start("make", "run", start_new_session=True)
        assert self.line.stdout is not None
        lines = []
        while line := (await self.line.stdout.readline()).decode():
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        self.said["make run"] = "".join(lines)
        assert self.line.returncode is None and "The line is open" in self.said["make run"], "".join(lines)

    async def _start(self, *command: str, start_new_session: bool = False) -> asyncio.subprocess.Process:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("CENTRALITA_", "MAKE"))}
        return await asyncio.create_subprocess_exec(
            *command,
            cwd=self.folder,
            env=environ | self.variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=start_new_session,
        )


@pytest.fixture
def user(asterisk_root: Path) -> Iterator[NewUser]:
    stamp = Path(sys.prefix) / "installed"
    needed = [ROOT / "requirements.lock", ROOT / "pyproject.toml"]
    if not stamp.exists() or any(stamp.stat().st_mtime < file.stat().st_mtime for file in needed):
        remedy = f"`make run` would change {sys.prefix}, which runs the tests; first: make venv"
        pytest.fail(remedy) if os.environ.get("CI") else pytest.skip(remedy)
    # A short path: Asterisk's control socket must fit into 107 bytes.
    with tempfile.TemporaryDirectory(prefix="readme-", ignore_cleanup_errors=True) as folder:
        yield NewUser(Path(folder), asterisk_root)


def by_person(told: str) -> dict[str, list[str]]:
    """What `make call` tells, by whom it tells of: who of two comes first within a second is chance."""
    people: dict[str, list[str]] = {}
    for who, what in re.findall(r"(?m)^ *\d+\.\d s  (\S+) +(.+)$", told):
        people.setdefault(who, []).append(what)
    return people


def is_shown(shown: str, told: str) -> bool:
    """Whether a line of the README is what was told; it may end in … where it was cut."""
    return told.startswith(shown.removesuffix("…")) if shown.endswith("…") else told == shown


async def try_it(user: NewUser) -> None:
    for command in commands(README):
        if command in LONG:
            assert command.split()[1] in targets("Makefile")
        elif command == METRICS and shutil.which("curl") is None:
            user.said[METRICS] = await asyncio.to_thread(user.page, "/metrics")
        else:
            await user.types(command)


def the_call_is_as_the_readme_shows(user: NewUser) -> None:
    [example] = [block.text for block in blocks(README) if block.kind == "text"]
    told = user.said["make call KEY=1"]
    shown, heard = by_person(example), by_person(told)
    assert shown.keys() == heard.keys(), told
    for who, lines in shown.items():
        assert len(lines) == len(heard[who]), told
        assert [pair for pair in zip(lines, heard[who], strict=True) if not is_shown(*pair)] == []
    assert told.strip().splitlines()[-1] == example.strip().splitlines()[-1]


def everything_tells_of_the_call(user: NewUser) -> None:
    christmas = by_person(user.said["make call AT=2026-12-25T10:00"])["caller"]
    assert any(line.startswith("hears cerrado") for line in christmas)
    assert not any("menu_principal" in line for line in christmas)
    said = user.said
    assert re.search(r"servicio .* 101 .*\(recorded\) .* answered", said[".venv/bin/ivr calls"])
    assert "closed" in said[".venv/bin/ivr calls"]
    assert re.search(r"servicio\W+0\W+open\b.* 1\W+1\W+0", said[".venv/bin/ivr queues"])
    assert re.search(r"101\b.*(wrap-up|unreachable)", said[".venv/bin/ivr agents"])
    explained = said[".venv/bin/ivr explain CALL"]
    for part in (
        "timbra el teléfono de 101",
        "regla: el que lleva más tiempo libre",
        "también libres: 102",
        "grabación",
    ):
        assert part in explained
    assert re.search(r'(?m)^centralita_calls_total\{.*did="6017436967".*outcome="answered".*\} 1\.0$', said[METRICS])
    assert re.search(r'(?m)^centralita_calls_total\{.*did="6017436967".*outcome="closed".*\} 1\.0$', said[METRICS])
    talk = soundfile.info(str(user.folder / "var/first-call.opus"))
    assert talk.duration > 2 and talk.channels == 2
    assert "No error found" in said[".venv/bin/ivr check"]


async def the_operators_page_is_true(user: NewUser) -> None:
    """What docs/operations.md asks Asterisk, and the files that it names, exist in the running line."""
    asked = {
        code
        for code in (*inline_code(OPERATIONS), *commands(OPERATIONS, ("",)))
        if code.startswith("ivr asterisk -rx ")
    }
    assert len(asked) >= 3
    for command in sorted(asked):
        await user.types(f".venv/bin/{command}")
        assert "No such command" not in user.said[f".venv/bin/{command}"], command
    [table] = re.findall(r"(?s)\| path \| content .+?\n\n", OPERATIONS.read_text(encoding="utf-8"))
    named = [name for cell in re.findall(r"(?m)^\| (`.+?`) \|", table) for name in re.findall(r"`([^`]+)`", cell)]
    assert "secrets/phones.csv" in named
    # CENTRALITA_ASTERISK_ROOT; and what is only there when somebody has made it
    elsewhere = {
        "asterisk/root",
        "secrets/NAME.secret",
        "secrets/oidc.secret",
        "voicemail/",
        "overrides/",
        "erasures/",
        "backup-state/",
    }
    assert [name for name in named if name not in elsewhere and not (user.folder / "var" / name).exists()] == []
    for name in ("share/moh/default", "log/messages.log", "log/cel-custom/cel.csv"):
        assert (user.folder / "var/asterisk" / name).exists()


def test_the_readme_names_the_long_commands() -> None:
    named = {code for code in inline_code(README) if code.startswith("make ")} | set(commands(README))
    assert named >= LONG


@functools.partial(run, seconds=SECONDS)
async def test_the_readme_leads_from_nothing_to_the_first_call(user: NewUser) -> None:
    try:
        await try_it(user)
        the_call_is_as_the_readme_shows(user)
        everything_tells_of_the_call(user)
        await the_operators_page_is_true(user)
        running = user.processes().values()
        assert any("/asterisk " in line for line in running), running
        assert any(line.endswith("ivr serve") for line in running), running
        await user.ctrl_c()
        assert user.processes() == {}
        assert taken(Environment.from_environ(user.variables)) == ()
    finally:
        await user.leave()
