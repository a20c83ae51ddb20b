"""The pages about exposure: their examples hold together, and say the same in both languages."""

import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from ivr.access.addresses import OFFICE_SHARE
from ivr.access.throttle import ADDRESS, SECOND
from ivr.doctor.exposure import Circle, circle
from ivr.doctor.finding import CODES
from ivr.settings.environment import Environment
from ivr.web.api.events import MOST_CLIENTS_OF_OFFICES
from ivr.web.crowd import CrowdLimits
from ivr.web.shell import API
from tests.pages import ROOT, Block, blocks

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


def test_nginx_itself_takes_it(tmp_path: Path) -> None:
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("nginx is not on this machine")
    from tests.unit.doctor.authority import self_signed

    cert, key = self_signed(tmp_path)
    [block] = of_kind("nginx")
    text = block.text.replace("/etc/ssl/centralita/fullchain.pem", str(cert))
    text = text.replace("/etc/ssl/centralita/key.pem", str(key))
    file = tmp_path / "nginx.conf"
    file.write_text(f"pid {tmp_path}/pid;\nerror_log {tmp_path}/log;\nevents {{}}\nhttp {{\n{text}\n}}\n")
    done = subprocess.run((program, "-t", "-p", tmp_path, "-c", file), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_caddy_hands_on_the_same_paths(tmp_path: Path) -> None:
    [block] = of_kind("caddyfile")
    http = settings(of_kind("ini")[0]).http
    assert re.search(rf"handle {API}/\* {{\n +reverse_proxy {re.escape(str(http))}\n +}}", block.text)
    assert block.text.count("{") == block.text.count("}")
    assert block.text.startswith(settings(of_kind("ini")[0]).names[0])
    program = shutil.which("caddy")
    if program is None:
        return
    (tmp_path / "Caddyfile").write_text(block.text)
    done = subprocess.run((program, "adapt", "--config", tmp_path / "Caddyfile"), capture_output=True, check=False)
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


def test_the_backup_holds_what_it_should_and_is_closed(tmp_path: Path) -> None:
    [block] = of_kind("bash")
    var, to, programs = tmp_path / "var", tmp_path / "backup", tmp_path / "bin"
    for folder in (var / "secrets", var / "voicemail" / "servicio", programs):
        folder.mkdir(parents=True)
    (var / "secrets" / "phones.csv").write_text("extension,password\n")
    with sqlite3.connect(var / "records.sqlite") as database:
        database.execute("CREATE TABLE calls (id)")
    # The program sqlite3 may not be here: it does what it is told here, `.backup 'FILE'`.
    fake = programs / "sqlite3"
    fake.write_text('#!/bin/sh\nto=${2#*\\\'}\nexec cp "$1" "${to%\\\'}"\n')
    fake.chmod(0o755)
    text = block.text.replace("/var/lib/centralita", str(var)).replace("/backup/centralita", str(to))
    done = subprocess.run(("sh", "-c", text), env={"PATH": f"{programs}:/usr/bin:/bin"}, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    [day] = to.iterdir()
    assert {file.name for file in day.iterdir()} == {"records.sqlite", "files.tar.gz"}
    listed = subprocess.run(("tar", "-tzf", day / "files.tar.gz"), capture_output=True, text=True, check=True)
    assert {"secrets/phones.csv", "voicemail/servicio/"} <= set(listed.stdout.split())
    assert all(file.stat().st_mode & 0o077 == 0 for file in (to, day, *day.iterdir()))


def test_the_operators_list_of_what_to_back_up_is_what_the_script_copies() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    wanted = re.findall(r"(?m)^\| `(\w+)/[^|]*\|[^|]*\| yes", page)
    [block] = of_kind("bash")
    [copied] = re.findall(r"ls -d ([a-z ]+) 2>", block.text)
    assert set(wanted) <= set(copied.split())


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
