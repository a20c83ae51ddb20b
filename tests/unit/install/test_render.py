"""Asterisk's configuration as it comes out of the templates: what it must hold, and what it must never hold."""

import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.install import render as rendering
from ivr.install import secrets
from ivr.install.paths import PathError, Paths
from ivr.install.prepare import InstallError, prepare
from ivr.install.render import RenderError, ami_permit, conf, digits, quoted, render
from ivr.settings.environment import Environment
from ivr.site import AgentSettings, Extension, Site, Trunk
from ivr.site.hours import OpeningHours
from tests.unit.install.samples import environment, mailbox, site

TEMPLATES = Path(__file__).parents[3] / "asterisk-conf"


def rendered(var: Path, a_site: Site, settings: Environment, templates: Path = TEMPLATES) -> dict[str, str]:
    paths = Paths.of(settings)
    (paths.root / "usr/lib/any-arch/asterisk/modules").mkdir(parents=True, exist_ok=True)
    paths.make()
    kept = secrets.ensure(paths.secrets, a_site.extensions)
    render(templates, paths, a_site, settings, kept, lambda name: f"centralita/es-CO/{name}-0")
    return {file.name: file.read_text() for file in paths.etc.iterdir()}


def section(text: str, name: str) -> str:
    """The lines of `[name]` in a configuration file, all sections of that name."""
    found = [part for part in text.split("\n[") if part.startswith(f"{name}]") or part.startswith(f"[{name}]")]
    assert found, f"no section {name}"
    return "\n".join(found)


def statements(text: str) -> str:
    """The text without comments."""
    return "\n".join(line.split(";")[0] for line in text.splitlines())


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    return rendered(tmp_path, site(), environment(tmp_path))


def test_manager_has_one_user_with_the_least_rights(tmp_path: Path) -> None:
    settings = environment(tmp_path, CENTRALITA_AMI="127.0.0.1:5999")
    manager = statements(rendered(tmp_path, site(), settings)["manager.conf"])
    assert manager.count("\n[") == 2
    assert "bindaddr = 127.0.0.1" in manager
    assert "port = 5999" in manager
    assert "webenabled = no" in manager
    user = section(manager, "centralita")
    assert "deny = 0.0.0.0/0.0.0.0" in user
    assert [line for line in user.splitlines() if line.startswith("permit")] == [
        "permit = 127.0.0.0/255.0.0.0",
        "permit = ::1/128",
    ]
    assert "read = system,call,user" in user
    assert "write = originate,call" in user.splitlines(), "each action that we use needs no more"
    assert (tmp_path / "secrets/ami.secret").read_text().strip() in user


def test_dangerous_functions_stay_closed(files: dict[str, str]) -> None:
    assert "live_dangerously = no" in files["asterisk.conf"]
    assert "autoload = no" in files["modules.conf"]
    loaded = statements(files["modules.conf"])
    for module in ("app_system", "func_shell", "app_externalivr", "pbx_spool", "res_ari", "res_http"):
        assert module not in loaded


def test_every_module_has_a_reason(files: dict[str, str]) -> None:
    modules = [line for line in files["modules.conf"].splitlines() if line.startswith("load")]
    assert len(modules) > 40
    assert len(set(modules)) == len(modules)
    assert [line for line in modules if not re.search(r"; \S", line)] == []


def test_a_trunk_is_known_by_its_address_and_reaches_only_its_context(files: dict[str, str]) -> None:
    trunk = section(files["pjsip.conf"], "trunk-operador")
    assert "match = 127.0.0.10" in trunk
    assert "match = 127.0.0.11" in trunk
    assert "context = from-trunk" in trunk
    assert "contact = sip:127.0.0.10:5060" in trunk
    assert "contact" not in section(files["pjsip.conf"], "trunk-respaldo").replace("context", "")


def test_audio_is_bound_where_sip_is(files: dict[str, str]) -> None:
    # Without it Asterisk takes audio on every interface, and asks DNS for its own address at every call.
    pjsip = statements(files["pjsip.conf"])
    assert "transport = transport-udp" in section(pjsip, "line")
    endpoints = re.findall(r"(?m)^\[[\w-]+\](.*)\ntype = endpoint|^\[[\w-]+\](\(line\))", pjsip)
    assert {"".join(endpoint) for endpoint in endpoints} == {"(!)", "(line)"}


def test_there_is_no_path_from_a_trunk_to_a_trunk(files: dict[str, str]) -> None:
    dialplan = statements(files["extensions.conf"])
    assert "include" not in dialplan
    assert dialplan.count("trunk-operador") == 1
    assert "trunk-operador" in section(dialplan, "from-extension")
    for name in ("from-trunk", "line", "call", "ring", "acd-wait", "acd-agent"):
        assert "from-extension" not in section(dialplan, name)


def test_the_leg_of_an_agent_outside_counts_as_a_line_and_leads_to_that_number_alone(tmp_path: Path) -> None:
    agents = {
        "101": AgentSettings(label="", skills={}),
        "102": AgentSettings(label="", skills={}, outside="3001234567"),
    }
    dialplan = statements(rendered(tmp_path, site(agents=agents, lines=7), environment(tmp_path))["extensions.conf"])
    leg = section(dialplan, "agent-outside")
    assert "exten => 102,1,Set(NUMBER=3001234567)" in leg and "101" not in leg
    assert leg.count("GROUP_COUNT(line@cap)} < 7]") == 1 and leg.count("trunk-operador") == 1
    assert "agent-outside" not in dialplan.replace("[agent-outside]", ""), "no context of the dialplan leads there"


def test_whoever_declined_is_recorded_in_no_leg(files: dict[str, str]) -> None:
    """Also when the server has forgotten it, or is another one: the caller's channel says so."""
    dialplan = statements(files["extensions.conf"])
    for leg, caller in (("acd-agent", "${CALLER_CHAN}"), ("record-leg", "${ARG1}")):
        lines = section(dialplan, leg).splitlines()
        (asks,) = [n for n, line in enumerate(lines) if f'"${{IMPORT({caller},NOREC)}}"="1"]?' in line]
        records = [n for n, line in enumerate(lines) if "MixMonitor(" in line or "agi://" in line]
        assert records and asks < min(records)
        goes_on = lines[asks].split("?")[1].rstrip(")")
        (target,) = [n for n, line in enumerate(lines) if f"n({goes_on})," in line]
        assert target > max(records)


@pytest.mark.parametrize("leg", ["acd-agent", "record-leg"])
def test_who_hangs_up_waits_for_no_server(files: dict[str, str], leg: str) -> None:
    lines = section(statements(files["extensions.conf"]), leg).splitlines()
    ends = [n for n, line in enumerate(lines) if "Set(AGIEXITONHANGUP=yes" in line]
    asks = [n for n, line in enumerate(lines) if "AGI(agi://" in line]
    assert ends and asks and ends[0] < min(asks)


def test_whoever_is_recorded_has_the_key_for_it_and_the_key_names_the_leg(files: dict[str, str]) -> None:
    dialplan = statements(files["extensions.conf"])
    (begins,) = [line for line in section(dialplan, "record-leg").splitlines() if "FILE=${ARG1}_" in line]
    assert "OFFER=${CHANNEL(uniqueid)}," in begins and "DYNAMIC_FEATURES=recording#recording-part" in begins
    assert "/recording,${CALL_ID},${OFFER},${NEXT})" in section(dialplan, "recording-key")


def test_without_a_way_out_nobody_can_dial_out(tmp_path: Path) -> None:
    inward = Trunk(name="operador", label="", addresses=("127.0.0.10",), outbound="")
    dialplan = rendered(tmp_path, site(trunks={"operador": inward}), environment(tmp_path))["extensions.conf"]
    assert "_9X." not in statements(dialplan)
    assert "exten" not in section(statements(dialplan), "agent-outside")


def test_extensions_have_their_own_password(tmp_path: Path, files: dict[str, str]) -> None:
    phones = dict(line.split(",") for line in (tmp_path / "secrets/phones.csv").read_text().splitlines()[1:])
    for number, password in phones.items():
        one = section(files["pjsip.conf"], number)
        assert f"password = {password}" in one
        assert "context = from-extension" in one
        assert "auth_type = digest" in one
    assert 'callerid = "SAC 1 x" <101>' in files["pjsip.conf"]


def test_the_exact_cap_and_the_numbers_come_from_the_site(tmp_path: Path) -> None:
    dialplan = rendered(tmp_path, site(lines=7), environment(tmp_path))["extensions.conf"]
    assert dialplan.count("GROUP_COUNT(line@cap)} < 7]") == 2
    for number in site().numbers:
        assert f"exten => {number},1," in section(dialplan, "from-trunk")


def test_a_pretended_time_counts_only_in_development(tmp_path: Path) -> None:
    development = rendered(tmp_path / "d", site(), environment(tmp_path / "d"))
    production = rendered(tmp_path / "p", site(), environment(tmp_path / "p", CENTRALITA_PROFILE="production"))
    assert "X-Centralita-At" in statements(development["extensions.conf"])
    assert "X-Centralita-At" not in statements(production["extensions.conf"])


def test_files_with_passwords_are_for_this_user_only(tmp_path: Path, files: dict[str, str]) -> None:
    for name in ("manager.conf", "pjsip.conf"):
        assert stat.S_IMODE((tmp_path / "asterisk/etc" / name).stat().st_mode) == 0o600


def test_only_what_differs_is_written_and_what_is_gone_is_removed(tmp_path: Path) -> None:
    settings = environment(tmp_path)
    rendered(tmp_path, site(), settings)
    paths = Paths.of(settings)
    kept = secrets.ensure(paths.secrets, [])
    (paths.etc / "old.conf").write_text("")
    again = render(TEMPLATES, paths, site(), settings, kept, lambda name: f"centralita/es-CO/{name}-0")
    assert again == ("old.conf",)
    assert not (paths.etc / "old.conf").exists()
    fewer = render(TEMPLATES, paths, site(lines=3), settings, kept, lambda name: f"centralita/es-CO/{name}-0")
    assert fewer == ("extensions.conf",)


def test_a_name_that_does_not_exist_is_told(tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "pjsip.conf.j2").write_text("{{ site.nothing }}")
    with pytest.raises(RenderError, match=r"pjsip\.conf\.j2.*nothing"):
        rendered(tmp_path, site(), environment(tmp_path), templates)


def test_a_path_that_a_shell_would_read_otherwise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PathError, match="CENTRALITA_VAR=/var/tmp"):
        rendered(tmp_path, site(), environment(tmp_path / "a $(b)"))


def test_it_is_refused_before_anything_is_downloaded_or_made(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(InstallError, match="CENTRALITA_VAR=/var/tmp"):
        prepare(environment(tmp_path / "a clone"), said.append)
    assert said == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b", "a\x1bb"])
def test_nothing_ends_a_line(tmp_path: Path, bad: str) -> None:
    with pytest.raises(ValueError, match="control"):
        conf(bad)
    trunk = replace(site().trunks["operador"], outbound=bad)
    with pytest.raises(RenderError, match="control"):
        rendered(tmp_path, site(trunks={"operador": trunk}), environment(tmp_path))


def test_a_semicolon_does_not_begin_a_comment() -> None:
    assert conf("a;b") == "a\\;b"


@pytest.mark.parametrize("bad", ["", "1,1", "10 0", "a", "1\n", "1" * 21])
def test_extensions_are_digits(tmp_path: Path, bad: str) -> None:
    with pytest.raises(ValueError, match="number"):
        digits(bad)


def test_labels_cannot_leave_their_quotes(tmp_path: Path) -> None:
    label = 'Caja "\\ <sip:x>; [x]\n#exec x'
    assert quoted(label) == "Caja  sipx xexec x"
    pjsip = rendered(tmp_path, site(extensions={"100": Extension(label=label)}), environment(tmp_path))["pjsip.conf"]
    assert 'callerid = "Caja  sipx xexec x" <100>' in pjsip


def test_manager_opens_to_private_networks_only_when_it_is_bound_beyond_the_loopback() -> None:
    assert ami_permit("127.0.0.1") == ami_permit("localhost") == ami_permit("::1")
    assert set(ami_permit("0.0.0.0")) > set(ami_permit("127.0.0.1"))
    assert all(not network.startswith("0.") for network in ami_permit("0.0.0.0"))


def test_who_is_sorry_says_so_with_a_prompt(files: dict[str, str]) -> None:
    for prompt in rendering.SORRY_PROMPTS:
        assert f"centralita/es-CO/{prompt}-0" in files["extensions.conf"]


def test_no_phone_and_no_trunk_sends_a_call_on_by_itself(files: dict[str, str]) -> None:
    # A 302 dials its target in this context (Asterisk: apps/app_dial.c do_forward, main/dial.c handle_call_forward).
    assert "set_var = FORWARD_CONTEXT=forwarded" in files["pjsip.conf"].split("[line](!)")[1].split("\n[")[0]
    assert "[forwarded]" not in files["extensions.conf"]
    # A target with a / is dialled as it is, in no context: Dial is told not to (i), and Originate cannot be.
    dials = re.findall(r"Dial\((.*)\)$", statements(files["extensions.conf"]), re.M)
    assert dials and all(re.fullmatch(r"PJSIP/[^,]+,[^,]+,\w*i.*", dial) for dial in dials)
    assert (
        section(files["extensions.conf"], "acd-agent")
        .splitlines()[1]
        .startswith('exten => s,1,GotoIf($["${FORWARDERNAME}"!=""]')
    )
    endpoints = re.findall(r"^\[[^]]+\](.*)\n(?:context) = from-", files["pjsip.conf"], re.M)
    assert endpoints and set(endpoints) == {"(line)"}


@pytest.fixture
def with_queues(tmp_path: Path) -> dict[str, str]:
    return rendered(tmp_path, site(queues=dict.fromkeys(("servicio", "cartera"))), environment(tmp_path))


def test_a_transfer_reaches_extensions_and_queues_and_nothing_else(with_queues: dict[str, str]) -> None:
    files = with_queues
    pjsip, dialplan = files["pjsip.conf"], statements(files["extensions.conf"])
    for extension in ("100", "101"):
        assert "set_var = TRANSFER_CONTEXT=acd-transfer" in section(pjsip, extension)
    assert "allow_transfer = no" in section(pjsip, "trunk-operador")
    targets = re.findall(r"exten => ([^,]+),", section(dialplan, "acd-transfer"))
    assert targets == ["100", "101", "*71", "*72"], "no pattern, nothing else"
    for name in ("acd-transfer", "transferred", "transfer-ring", "inside-rung", "inside-queue"):
        reached = section(dialplan, name)
        assert "Dial(" not in reached.replace("Dial(PJSIP/100,", "").replace("Dial(PJSIP/101,", "")
        for extension in re.findall(r"from-extension,([^,]+),", reached):
            assert extension in (*targets, "${TRANSFER_BY}"), "a channel's name, which only extensions have"


def test_queues_have_numbers_for_our_own_phones_only(with_queues: dict[str, str]) -> None:
    dialplan = statements(with_queues["extensions.conf"])
    for number, queue in (("*71", "servicio"), ("*72", "cartera")):
        written = f"exten => {number},1,Set(TRANSFER_TO={queue})"
        assert dialplan.count(written) == 1
        assert dialplan[: dialplan.index(written)].rpartition("\n[")[2].startswith("from-extension]")
    for name in ("from-trunk", "line", "ring"):
        assert "*71" not in section(dialplan, name) and "inside-queue" not in section(dialplan, name)


def with_lamps(tmp_path: Path) -> dict[str, str]:
    boxes = {"servicio": mailbox("servicio", "100", "101"), "cartera": mailbox("cartera", "101")}
    week = ((),) * 7
    hours = {
        "oficina": OpeningHours(label="", week=week, holiday=None, code="1"),
        "bodega": OpeningHours(label="", week=week, holiday=None, code="7"),
    }
    return rendered(tmp_path, site(mailboxes=boxes, hours=hours), environment(tmp_path))


def test_a_phone_is_told_of_its_own_mailboxes(tmp_path: Path) -> None:
    pjsip = with_lamps(tmp_path)["pjsip.conf"]
    assert section(pjsip, "100").count("mailboxes = servicio@centralita\n") == 2, "endpoint and address of record"
    assert section(pjsip, "101").count("mailboxes = servicio@centralita,cartera@centralita\n") == 2
    assert "mailboxes" not in section(pjsip, "trunk-operador")
    assert "allow_subscribe = no" in section(pjsip, "line")
    assert statements(pjsip).count("allow_subscribe = yes") == 2, "of the two extensions"


def test_codes_are_dialled_by_our_own_phones_only(tmp_path: Path) -> None:
    dialplan = with_lamps(tmp_path)["extensions.conf"]
    ours = section(dialplan, "from-extension")
    for code in ("*97", "*98", "*981", "*982", "*281", "*287"):
        assert f"exten => {code},1," in ours
        assert dialplan.count(f"exten => {code},1,") == 1
    assert "exten => *287,1,Set(ABOUT=bodega)" in ours
    for name in ("from-trunk", "line", "call", "ring", "acd-wait"):
        assert "feature" not in section(statements(dialplan), name)


def test_what_can_be_watched(tmp_path: Path) -> None:
    hints = section(with_lamps(tmp_path)["extensions.conf"], "hints")
    assert re.findall(r"exten => (\S+),hint,(\S+)", hints) == [
        ("100", "PJSIP/100"),
        ("101", "PJSIP/101"),
        ("*981", "MWI:servicio@centralita"),
        ("*982", "MWI:cartera@centralita"),
        ("*281", "Custom:timetable-oficina"),
        ("*287", "Custom:timetable-bodega"),
    ]


def test_without_mailboxes_there_are_no_codes_for_them(files: dict[str, str]) -> None:
    assert "*9" not in statements(files["extensions.conf"]).replace("_[0-9*#]", "")


def test_a_call_that_was_let_in_tells_its_end(files: dict[str, str]) -> None:
    line = section(files["extensions.conf"], "line")
    assert line.index("?full)") < line.index("hangup_handler_push)=undo,s,1") < line.index("Goto(call,s,1)")
