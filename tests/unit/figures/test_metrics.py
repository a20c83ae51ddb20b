"""What Prometheus reads."""

from datetime import UTC, datetime, timedelta
from enum import Enum

from prometheus_client.parser import text_string_to_metric_families

from acd import facts as f
from acd.model import CallId, QueueId, VisitId
from ivr.call import facts as c
from ivr.figures.metrics import CallFigures, Metrics
from ivr.figures.projection import Projection
from ivr.figures.tally import Distribution, Tally
from ivr.testing.clock import ManualClock

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def samples(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


class Reason(Enum):
    SILENT = "silent"


def test_queue_length_and_longest_wait_are_those_of_this_moment() -> None:
    clock = ManualClock(START)
    projection, tally = Projection(), Tally()
    metrics = Metrics()
    metrics.show(CallFigures(projection, tally, clock.now, queues=["servicio", "cartera"], lines=4))
    for i in range(3):
        call = CallId(f"n1-1.{i}")
        for event in (
            c.CallStarted(at=START, call=call, did="6017436967", caller="", flow="x", config="v"),
            f.CallerJoined(
                at=START + timedelta(seconds=i), t=0, visit=VisitId(f"{call}/1"), call=call, queue=QueueId("servicio")
            ),
        ):
            tally.count(event, projection.apply(event.at, event))
    clock.wall = START + timedelta(seconds=30)
    found = samples(metrics.text())
    assert found["centralita_queue_length", (("queue", "servicio"),)] == 3
    assert found["centralita_queue_length", (("queue", "cartera"),)] == 0
    assert found["centralita_queue_longest_wait_seconds", (("queue", "servicio"),)] == 30
    assert found["centralita_lines", ()] == 4 and found["centralita_lines_in_use", ()] == 3
    assert {v for (name, _), v in found.items() if name == "centralita_sum_difference"} == {0}


def test_a_broken_sum_shows() -> None:
    projection, tally = Projection(), Tally()
    metrics = Metrics(CallFigures(projection, tally, ManualClock().now))
    tally.started[("6017436967",)] += 1  # a call that nobody knows
    assert samples(metrics.text())["centralita_sum_difference", (("of", "calls"),)] == 1


def test_the_server_counts_its_own_health() -> None:
    metrics = Metrics()
    health = metrics.health
    health.ami_up()
    health.ami_down("cut")
    health.ami_action("Originate", 0.002, "done")
    health.session_opened()
    health.command_done("STREAM FILE", 0.2)
    health.refused(Reason.SILENT)
    health.config("v1")
    health.config("v2")
    found = samples(metrics.text())
    assert found["centralita_ami_connected", ()] == 0 and found["centralita_ami_logins_total", ()] == 1
    assert found["centralita_ami_actions_total", (("action", "Originate"), ("result", "done"))] == 1
    assert found["centralita_agi_rejected_total", (("reason", "silent"),)] == 1
    assert found["centralita_agi_command_seconds_count", (("verb", "STREAM FILE"),)] == 1
    assert [k for k in found if k[0] == "centralita_config_info"] == [("centralita_config_info", (("version", "v2"),))]


def test_a_distribution_counts_a_value_on_a_bound_under_it() -> None:
    spread = Distribution((1.0, 2.0))
    for microseconds in (1_000_000, 1_000_001, 5_000_000):
        spread.add(microseconds)
    assert spread.cumulative() == [("1.0", 1), ("2.0", 2), ("+Inf", 3)]
    assert spread.sum_us == 7_000_001


def test_what_is_counted_survives_its_stored_form() -> None:
    tally = Tally()
    projection = Projection()
    for i in range(3):
        event = c.CallRefused(at=START, call=CallId(f"n1-1.{i}"), did="6017436967")
        tally.count(event, projection.apply(START, event))
    tally.waits["servicio", "answered", "flow"] = Distribution((1.0,), [2, 1], 44)
    again = Tally()
    again.restore(tally.state())
    assert again.state()["counters"] == tally.state()["counters"]
    assert again.refused() == {"6017436967": 3}


def test_label_sets_are_bounded() -> None:
    tally = Tally()
    for i in range(2_000):
        event = c.PromptMissing(at=START, call=CallId("n1-1.0"), prompt=f"p{i}")
        tally.count(event, ())
    assert len(tally.prompts) <= 501 and tally.prompts.total() == 2_000
