"""Containers, units, alerts and dashboards, checked without running them: everything that they name exists."""

import dataclasses
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from acd.config import EngineConfig
from acd.engine import Engine
from ivr.cli import COMMANDS
from ivr.features import FeatureFigures
from ivr.figures.agents import AgentFigures
from ivr.figures.metrics import CallFigures, Metrics
from ivr.figures.projection import Projection
from ivr.figures.routing import RoutingFigures
from ivr.figures.tally import Tally
from ivr.install.paths import Paths
from ivr.language import load_site
from ivr.lookups.figures import LookUpFigures
from ivr.overrides import Overrides
from ivr.overrides.figures import OverrideFigures
from ivr.settings.environment import Environment
from ivr.testing.clock import ManualClock
from ivr.versions import Changes
from ivr.versions.copies import Copies
from ivr.versions.figures import VersionFigures
from ivr.versions.loading import Folders, begin
from tests.programs import program
from tests.unit.recordings.test_figures import Watched
from tests.unit.voicemail.house import voicemail_figures

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "config/systemd").glob("*.service"))

Duration = Annotated[str, StringConstraints(pattern=r"^\d+(ms|s|m|h)$")]
Mount = Annotated[str, StringConstraints(pattern=r"^(\./[\w./-]+|[a-z][\w-]*):/[\w./-]+(:ro)?$")]


class Strict(BaseModel):
    """What the Compose specification calls a mapping without further properties."""

    model_config = ConfigDict(extra="forbid")


class Build(Strict):
    context: str
    dockerfile: str


class Condition(Strict):
    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]


class HealthCheck(Strict):
    test: Annotated[list[str], Field(min_length=2)]
    interval: Duration
    timeout: Duration
    retries: int
    start_period: Duration | None = None


class Logging(Strict):
    driver: Literal["json-file"]
    options: dict[str, str]


class Service(Strict):
    """The part of a service of the Compose specification that we use."""

    image: str
    build: Build | None = None
    command: list[str] = []  # empty: the image's own
    environment: dict[str, str] = {}
    volumes: list[Mount] = []
    tmpfs: list[str] = []
    depends_on: dict[str, Condition] = {}
    healthcheck: HealthCheck | None = None
    network_mode: Literal["host", "none"]
    restart: Literal["no", "unless-stopped"]
    user: str | None = None
    init: Literal[True]
    read_only: Literal[True]
    cap_drop: list[Literal["ALL"]]
    security_opt: list[Literal["no-new-privileges:true"]]
    logging: Logging
    stop_grace_period: Duration | None = None


class Compose(BaseModel):
    """A compose file: the specification allows keys that begin with x- beside these."""

    name: str
    services: dict[str, Service]
    volumes: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def raw() -> dict[str, Any]:
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert isinstance(document, dict)
    return document


@pytest.fixture(scope="module")
def compose(raw: dict[str, Any]) -> Compose:
    assert {key for key in raw if not key.startswith("x-")} == {"name", "services", "volumes"}
    return Compose.model_validate(raw)


def test_the_services_of_the_line_are_there_and_healthy(compose: Compose) -> None:
    running = {name: service for name, service in compose.services.items() if service.restart != "no"}
    assert set(running) == {"asterisk", "centralita", "redis", "prometheus", "grafana"}
    assert [name for name, service in running.items() if service.healthcheck is None] == []
    for name, service in compose.services.items():
        for other, condition in service.depends_on.items():
            assert other in compose.services, name
            if condition.condition == "service_healthy":
                assert compose.services[other].healthcheck, other
            if condition.condition == "service_completed_successfully":
                assert compose.services[other].restart == "no", other


def test_nobody_is_root(compose: Compose) -> None:
    for name, service in compose.services.items():
        if service.build is None:
            assert service.user is not None, name
            assert not service.user.startswith(("0", "root")), name
        else:
            users = re.findall(r"(?m)^USER (\S+)", (ROOT / service.build.dockerfile).read_text())
            assert users, name
            assert users[-1] == "10001:10001", name


def test_every_file_and_volume_that_is_named_exists(compose: Compose) -> None:
    used = set()
    for service in compose.services.values():
        if service.build:
            assert (ROOT / service.build.context / service.build.dockerfile).is_file()
        for mount in service.volumes:
            source = mount.split(":")[0]
            if source.startswith("."):
                assert (ROOT / source).exists(), source
                assert mount.endswith(":ro"), mount
            else:
                used.add(source)
    assert used == set(compose.volumes)


@pytest.mark.parametrize("dockerfile", ["config/Dockerfile", "asterisk-conf/Dockerfile"])
def test_every_file_that_an_image_copies_exists_and_is_let_in(dockerfile: str) -> None:
    ignored = (ROOT / f"{dockerfile}.dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    for line in re.findall(r"(?m)^COPY (?!--from)(.+)", (ROOT / dockerfile).read_text()):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in ignored, source


def variables(text: str) -> Iterator[tuple[str, str]]:
    """Each `${NAME...}` of a compose file with what follows the name."""
    yield from re.findall(r"\$\{([A-Z_]+)([^}]*)\}", text)


def test_secrets_have_no_default_and_a_remedy() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    found = dict(variables(text))
    for name in found:
        if re.search("PASSWORD|SECRET|KEY|TOKEN", name):
            assert re.match(r":\?set it in \.env ", found[name]), name
    assert re.match(r":\?", found["CENTRALITA_SIP"])
    assert not re.search(r"(?i)(password|secret|token)\w*: +[^$\s]", text)


def test_every_variable_is_one_that_somebody_reads(compose: Compose) -> None:
    example = set(re.findall(r"(?m)^([A-Z_]+)=", (ROOT / "config/environment.example").read_text()))
    required = {name for name, rest in variables((ROOT / "docker-compose.yml").read_text()) if rest.startswith(":?")}
    assert required <= example
    values = {
        name: re.sub(r"\$\{[A-Z_]+(?::-([^}]*)|:\?[^}]*)\}", lambda match: match[1] or "192.0.2.10:5060", value)
        for name, value in compose.services["centralita"].environment.items()
    }
    environment = Environment.from_environ(values)  # raises SettingsError for what the server does not know
    assert str(environment.sip) == "192.0.2.10:5060"
    assert str(environment.asterisk_root) == "/"
    assert compose.services["configure"].environment == compose.services["centralita"].environment
    Environment.from_environ({name: "" for name in example if name.startswith("CENTRALITA_")})


def test_manager_interface_and_pages_are_on_the_loopback(compose: Compose) -> None:
    for name in ("CENTRALITA_AMI", "CENTRALITA_FASTAGI", "CENTRALITA_HTTP"):
        assert re.search(r"127\.0\.0\.1:\d+", compose.services["centralita"].environment[name])
    assert "--web.listen-address=127.0.0.1:9090" in compose.services["prometheus"].command
    assert compose.services["grafana"].environment["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"


def test_commands_of_ours_exist(compose: Compose) -> None:
    ours = [service.command[1] for service in compose.services.values() if service.command[:1] == ["ivr"]]
    units = [match[1] for unit in UNITS for match in re.finditer(r"/bin/ivr (\w+)", unit.read_text())]
    assert sorted(ours) == ["install", "serve"]
    assert sorted(units) == ["asterisk", "install", "serve"]
    assert {*ours, *units} <= set(COMMANDS)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_the_unit(unit: Path, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not on this machine")
    for each in UNITS:  # they name each other; the program is not where it will be, so any other stands for it
        there = re.sub("/opt/centralita/.venv/bin/(ivr|python)", "/bin/true", each.read_text())
        (tmp_path / each.name).write_text(there)
    done = subprocess.run(
        (program, "verify", "--man=no", str(tmp_path / unit.name)), capture_output=True, text=True, check=False
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if str(tmp_path) in line]) == (0, [])


def test_systemd_would_have_told_a_fault(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not on this machine")
    faulty = tmp_path / "faulty.service"
    faulty.write_text("[Service]\nType=notfy\nExecStart=/bin/true\nProtectHoem=yes\n")
    done = subprocess.run((program, "verify", "--man=no", str(faulty)), capture_output=True, text=True, check=False)
    assert "ProtectHoem" in done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_units_are_hardened_and_watched(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    keys = unit.stem == "centralita-keys"  # whoever asks it is told when it is away
    for wanted in (
        *(() if keys else ("Type=notify",)),
        "User=centralita",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "PrivateDevices=yes",
        "SystemCallFilter=@system-service",
        "UMask=0077",
        "Restart=always",
    ):
        assert wanted in lines, wanted
    assert ("WatchdogSec=10s" in lines) is (unit.stem == "centralita")
    named = dict(re.findall(r"(?m)^Environment=(CENTRALITA_\w+)=(.+)$", unit.read_text()))
    Environment.from_environ(named)
    folders = () if keys else (named["CENTRALITA_CONFIG"], named["CENTRALITA_FLOWS"])
    for path in (*folders, "/opt/centralita/docs/operations.md"):
        assert (ROOT / Path(path).relative_to("/opt/centralita")).exists(), path


def override_figures(folder: Path, clock: ManualClock) -> OverrideFigures:
    """The figures of overrides."""
    site = load_site(ROOT / "config", ROOT / "ivr" / "flows").site
    assert site is not None
    return OverrideFigures(Overrides(folder, clock=clock, site=lambda: site, record=str), lambda: site)


def version_figures(folder: Path, clock: ManualClock) -> VersionFigures:
    """The figures of versions."""
    folders, copies, paths = Folders(ROOT / "config", ROOT / "ivr" / "flows"), Copies(folder), Paths(folder, folder)
    changes = Changes(begin(copies, folders, paths), copies, folders, paths, clock=clock, record=str)
    return VersionFigures(changes, dict, dict)


def exposed(folder: Path) -> set[str]:
    """Every name that /metrics shows."""
    clock = ManualClock()
    metrics = Metrics(CallFigures(Projection(), Tally(), clock.now))
    metrics.show(AgentFigures(tuple))
    metrics.show(RoutingFigures(Engine(EngineConfig(queues=(), agents=())), metrics.registry))
    metrics.show(voicemail_figures(folder))
    metrics.show(override_figures(folder, clock))
    metrics.show(version_figures(folder / "versions", clock))
    FeatureFigures(metrics.registry)
    LookUpFigures(metrics.registry)
    (folder / "house").mkdir()
    metrics.show(Watched(folder / "house").figures)
    text = metrics.text().decode()
    kinds = dict(re.findall(r"(?m)^# TYPE (\w+) (\w+)$", text))
    return {
        name + suffix
        for name, kind in kinds.items()
        for suffix in (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))
    }


def test_alerts_and_panels_ask_for_figures_that_exist(tmp_path: Path) -> None:
    rules = yaml.safe_load((ROOT / "config/prometheus/rules.yml").read_text())
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len(alerts) >= 5
    for alert in alerts:
        assert set(alert["annotations"]) == {"summary", "remedy"}, alert["alert"]
        assert alert["labels"]["severity"] in {"warning", "critical"}
    dashboard = json.loads((ROOT / "config/grafana/dashboards/centralita.json").read_text())
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(panels) >= 10
    known = exposed(tmp_path)
    for expression in (*(alert["expr"] for alert in alerts), *panels):
        asked = set(re.findall(r"\bcentralita_\w+", expression))
        assert asked - known == set(), expression


def test_the_dashboards_source_is_the_provisioned_one() -> None:
    sources = yaml.safe_load((ROOT / "config/grafana/provisioning/datasources/prometheus.yml").read_text())
    dashboard = json.loads((ROOT / "config/grafana/dashboards/centralita.json").read_text())
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {
        source["uid"] for source in sources["datasources"]
    }
    provider = yaml.safe_load((ROOT / "config/grafana/provisioning/dashboards/centralita.yml").read_text())
    assert provider["providers"][0]["options"]["path"] == "/etc/grafana/dashboards"
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)


def test_prometheus_understands_its_files() -> None:
    subprocess.run((program("promtool"), "check", "config", str(ROOT / "config/prometheus/prometheus.yml")), check=True)


ALERT_TESTS = sorted((ROOT / "tests/unit/alerts").glob("*.yml"))


@pytest.mark.parametrize("tests", ALERT_TESTS, ids=lambda tests: tests.stem)
def test_alerts_fire_on_what_they_say(tests: Path) -> None:
    done = subprocess.run(
        (program("promtool"), "test", "rules", str(tests)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_tests_of_alerts_expect_the_words_that_the_rules_have() -> None:
    groups = yaml.safe_load((ROOT / "config/prometheus/rules.yml").read_text())["groups"]
    rules = {rule["alert"]: rule for group in groups for rule in group["rules"]}
    tried = set()
    for file in ALERT_TESTS:
        document = yaml.safe_load(file.read_text())
        assert [(file.parent / name).resolve() for name in document["rule_files"]] == [
            ROOT / "config/prometheus/rules.yml"
        ]
        for asked in (one for test in document["tests"] for one in test["alert_rule_test"]):
            rule = rules[asked["alertname"]]
            for alert in asked["exp_alerts"]:
                tried.add(asked["alertname"])
                assert alert["exp_labels"].items() >= rule["labels"].items()
                for name, text in rule["annotations"].items():
                    words = ".+".join(map(re.escape, re.split(r"\{\{.*?\}\}", text)))
                    assert re.fullmatch(words, alert["exp_annotations"][name]), alert
    assert tried >= {name for name in rules if name.startswith("Recording")}


def test_the_operators_page_lists_every_setting_and_no_other() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    rows = re.findall(r"(?m)^\| ((?:`CENTRALITA_\w+`(?:, )?)+) \| (?:`([^`]+)` )?\|", page)
    listed = {name: default for names, default in rows for name in re.findall(r"CENTRALITA_\w+", names)}
    assert sorted(listed) == sorted(f"CENTRALITA_{field.name.upper()}" for field in dataclasses.fields(Environment))
    written = {name: default.replace("VAR/", f"{Path.cwd()}/var/") for name, default in listed.items()}
    assert Environment.from_environ(written) == Environment.from_environ({}), "a default is not what the page says"
