"""The pages about exposure: their examples hold together, and say the same in both languages."""

import re
import shutil
import sqlite3
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ivr.access.addresses import OFFICE_SHARE
from ivr.access.throttle import ADDRESS, SECOND
from ivr.backup import worker
from ivr.backup.instance import Instance
from ivr.backup.restoring import restore_instance
from ivr.backup.targets import target_of
from ivr.backup.worker import Job
from ivr.doctor.exposure import Circle, circle
from ivr.doctor.finding import CODES
from ivr.language import load_site
from ivr.records.store import RecordStore
from ivr.settings.environment import Environment
from ivr.site.recordings import BackupTarget, FolderPlace
from ivr.web.api.events import MOST_CLIENTS_OF_OFFICES
from ivr.web.crowd import CrowdLimits
from ivr.web.shell import API
from recordings.vault.keyfiles import make_identity, read_identities
from tests.pages import ROOT, Block, blocks
from tests.programs import program

PAGES = (ROOT / "docs/exposure.md", ROOT / "docs/exposicion.md")
ENGLISH = PAGES[0]


def of_kind(kind: str, page: Path = ENGLISH) -> list[Block]:
    return [block for block in blocks(page) if block.kind == kind]


def settings(block: Block) -> Environment:
    """What the server makes of an example of settings."""
    pairs = (line.split("=", 1) for line in block.text.splitlines())
    return Environment.from_environ({"CENTRALITA_VAR": "/var/lib/centralita", **dict(pairs)})


def test_both_languages_have_the_same_examples() -> None:
    here, there = ([(block.kind, re.sub(r" +#.*", "", block.text)) for block in blocks(page)] for page in PAGES)
    assert here == there
    tables = [re.findall(r"(?m)^\|.+\|$", page.read_text(encoding="utf-8")) for page in PAGES]
    assert len(tables[0]) == len(tables[1]) > 10
    codes = [[re.findall(r"`[^`]+`", row.split("|")[1]) for row in rows] for rows in tables]
    assert codes[0] == codes[1]


def test_the_settings_are_accepted_and_do_what_the_page_says() -> None:
    behind, alone, office = map(settings, of_kind("ini"))
    assert circle(behind.http.host) is Circle.MACHINE
    assert [str(network) for network in behind.proxies] == ["127.0.0.1/32"]
    assert alone.tls_cert is not None and alone.tls_key is not None and not alone.proxies
    assert circle(alone.http.host) is not Circle.MACHINE
    assert [str(network) for network in office.offices] == ["203.0.113.7/32", "10.20.0.0/16"]
    assert behind.names == alone.names == ("centralita.example.com",)


# ---- nginx: a small reader of its syntax (words, ";", "{", "}")

Directive = tuple[tuple[str, ...], list["Directive"]]


def read_nginx(text: str) -> list[Directive]:
    """The directives with what stands in their braces. Raises ValueError where the braces or semicolons do not fit."""
    tokens = re.findall(r'"[^"]*"|[{};]|[^\s{};]+', re.sub(r"#.*", "", text))
    found, rest = _directives(tokens)
    if rest:
        raise ValueError(f"left over: {rest[:3]}")
    return found


def _directives(tokens: list[str]) -> tuple[list[Directive], list[str]]:
    found: list[Directive] = []
    words: list[str] = []
    while tokens:
        token, *tokens = tokens
        if token == ";":
            found.append((tuple(words), []))
            words = []
        elif token == "{":
            inner, tokens = _directives(tokens)
            if tokens[:1] != ["}"]:
                raise ValueError(f"{' '.join(words)} is not closed")
            tokens = tokens[1:]
            found.append((tuple(words), inner))
            words = []
        elif token == "}":
            tokens = ["}", *tokens]
            break
        else:
            words.append(token)
    if words:
        raise ValueError(f"no semicolon after {' '.join(words)}")
    return found, tokens


def test_the_reader_of_nginx_finds_faults() -> None:
    assert read_nginx('a { b "c d"; }') == [(("a",), [(("b", '"c d"'), [])])]
    for wrong in ("a { b }", "a { b;", "a b"):
        with pytest.raises(ValueError):
            read_nginx(wrong)


def test_nginx_hands_on_what_the_server_needs() -> None:
    [block] = of_kind("nginx")
    secure, plain = (inner for words, inner in read_nginx(block.text) if words == ("server",))
    options = {words[0]: words[1:] for words, _ in secure}
    assert options["listen"] == ("443", "ssl") and {"ssl_certificate", "ssl_certificate_key"} <= set(options)
    [(place, inside)] = [(words, inner) for words, inner in secure if words[0] == "location"]
    assert place == ("location", f"{API}/")
    handed = {words[1]: words[2] for words, _ in inside if words[0] == "proxy_set_header"}
    assert handed == {
        "Host": "$host",
        "X-Forwarded-For": "$remote_addr",
        "X-Forwarded-Proto": "$scheme",
        "Connection": '""',
    }
    told = {words[0]: words[1:] for words, _ in inside if words[0] != "proxy_set_header"}
    assert told["proxy_pass"] == (f"http://{settings(of_kind('ini')[0]).http}",)
    assert told["proxy_http_version"] == ("1.1",) and told["proxy_buffering"] == ("off",)
    assert [words for words, _ in plain if words[0] == "return"] == [("return", "301", "https://$host$request_uri")]


_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
"""For each nginx makes a folder, which is the system's else."""


def test_nginx_itself_takes_it(tmp_path: Path) -> None:
    from tests.unit.doctor.authority import self_signed

    cert, key = self_signed(tmp_path)
    [block] = of_kind("nginx")
    text = block.text.replace("/etc/ssl/centralita/fullchain.pem", str(cert))
    text = text.replace("/etc/ssl/centralita/key.pem", str(key))
    file = tmp_path / "nginx.conf"
    own = "".join(f"{what}_temp_path {tmp_path}/{what};\n" for what in _TEMPORARY) + "access_log off;\n"
    file.write_text(f"pid {tmp_path}/pid;\nerror_log {tmp_path}/log;\nevents {{}}\nhttp {{\n{own}{text}\n}}\n")
    done = subprocess.run(
        (program("nginx"), "-t", "-p", tmp_path, "-c", file), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_caddy_hands_on_the_same_paths(tmp_path: Path) -> None:
    [block] = of_kind("caddyfile")
    http = settings(of_kind("ini")[0]).http
    assert re.search(rf"handle {API}/\* {{\n +reverse_proxy {re.escape(str(http))}\n +}}", block.text)
    assert block.text.count("{") == block.text.count("}")
    assert block.text.startswith(settings(of_kind("ini")[0]).names[0])
    caddy = shutil.which("caddy")
    if caddy is None:
        return
    (tmp_path / "Caddyfile").write_text(block.text)
    done = subprocess.run((caddy, "adapt", "--config", tmp_path / "Caddyfile"), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


# ---- firewall and backup


def test_the_firewall_admits_sip_audio_and_the_proxy_only() -> None:
    [block] = of_kind("nft")
    defaults = Environment.from_environ({})
    ports = set(re.findall(r"\b(\d{2,5}(?:-\d+)?)\b(?=[,} ])", " ".join(re.findall(r"dport (.+?) accept", block.text))))
    assert ports | {"443"} == {str(defaults.sip.port), str(defaults.rtp), "22", "80", "443"}
    assert "policy drop;" in block.text
    for endpoint in (defaults.ami, defaults.fastagi, defaults.http):
        assert str(endpoint.port) not in block.text
    program = shutil.which("nft")
    if program is not None:
        done = subprocess.run((program, "-c", "-f", "-"), input=block.text, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or "Operation not permitted" in done.stderr, done.stderr


def test_the_backup_that_the_page_shows_is_accepted(tmp_path: Path) -> None:
    [block] = of_kind("yaml")
    for name in ("config", "ivr/flows"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "config/recordings.yaml").write_text(block.text, encoding="utf-8")
    checked = load_site(tmp_path / "config", tmp_path / "ivr/flows")
    assert checked.site is not None, checked.problems
    backup = checked.site.recordings.backup
    assert backup is not None and backup.every == timedelta(hours=1)
    targets = {target.name: target_of(target, Path("/secrets")) for target in backup.targets}
    assert [type(target).__name__ for target in targets.values()] == ["FolderTarget", "SshTarget"]
    shown = [line.split() for one in of_kind("") for line in one.text.splitlines() if line.startswith("ivr backup")]
    assert [words[2] for words in shown] == ["prepare", "run"] and {words[3] for words in shown} <= set(targets)
    unit = (ROOT / "config/systemd/centralita.service").read_text(encoding="utf-8")
    [place] = [target.place for target in backup.targets if isinstance(target.place, FolderPlace)]
    [writable] = re.findall(r"(?m)^ReadWritePaths=-(.+)$", unit)
    assert place.path.startswith(f"{writable}/")


def test_the_operators_list_of_what_is_backed_up_is_what_a_backup_holds(tmp_path: Path) -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| `([\w.]+)(?:/[^`]*)?`(?:, `([\w.]+)`)?[^|]*\|[^|]*\| (\w+)", page)
    wanted = {name for first, second, saved in rows if saved == "yes" for name in (first, second) if name}
    assert wanted >= {"secrets", "journal.sqlite", "records.sqlite", "audit", "voicemail", "vault"}
    var, at = tmp_path / "var", datetime(2026, 11, 23, tzinfo=UTC)
    for name in wanted - {"journal.sqlite", "records.sqlite"}:
        (var / name).mkdir(parents=True)
        (var / name / "something").write_text("x")
    make_identity(tmp_path / "identity")
    identities = read_identities(tmp_path / "identity")
    (var / "secrets/recordings.recipients").write_text(identities[0].recipient.text)
    for name in ("journal.sqlite", "records.sqlite"):
        with sqlite3.connect(var / name) as database:
            database.execute("CREATE TABLE something (id)")
    RecordStore.open(f"sqlite:///{var}/records.sqlite").close()
    place = FolderPlace(path=str(tmp_path / "disk"))
    instance = Instance(
        config=ROOT / "config", flows=ROOT / "ivr/flows", var=var, records=f"sqlite:///{var}/records.sqlite",
        journal=f"sqlite:///{var}/journal.sqlite",
    )  # fmt: skip
    job = Job(BackupTarget(name="disco", place=place), instance)
    target = job.open()
    target.prepare()
    told = worker.run(job)
    assert told.state.whole, told
    assert restore_instance(target, tmp_path / "new", identities, now=at, who="ana").whole
    assert wanted <= {path.name for path in (tmp_path / "new/var").iterdir()}


def test_the_reference_has_every_code() -> None:
    page = (ROOT / "docs/reference/doctor.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^\| `([a-z-]+)` \|", page) == list(CODES)


def test_what_the_pages_say_of_an_office_is_so() -> None:
    limits, office = CrowdLimits(), ADDRESS.times(OFFICE_SHARE)
    told = (limits.connections_of_office, office.burst, SECOND // office.every_us, MOST_CLIENTS_OF_OFFICES)
    assert told == (512, 240, 4, 800)
    for page, pattern in zip(
        PAGES, (r"(\d+) connections, (\d+) logins", r"(\d+) conexiones, (\d+) inicios"), strict=True
    ):
        assert re.findall(pattern, page.read_text(encoding="utf-8")) == [("512", "240")]
