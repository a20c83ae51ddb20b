"""What agents do, and how long the loop was blocked."""

from datetime import UTC, datetime

from acd import decisions as d
from acd import facts as f
from acd.model import AgentId, CallId, DeviceState, OfferId, OfferResult, QueueId, VisitId
from ivr.figures.board import Board
from ivr.figures.loop_watch import LoopWatch
from ivr.figures.projection import Projection
from ivr.testing.clock import ManualClock

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
AGENT, QUEUE, OFFER = AgentId("101"), QueueId("servicio"), OfferId("1")


def test_an_agent_rings_talks_wraps_up_and_is_free() -> None:
    projection, board = Projection(), Board(["101"])
    states = []

    def tell(event: f.Fact, *decisions: object) -> None:
        projection.apply(NOW, event, decisions)
        board.apply(event, decisions)
        states.append([view.state for view in board.agents(projection)])

    call, visit = CallId("n1-1.0"), VisitId("n1-1.0/1")
    offer = d.MakeOffer(offer=OFFER, visit=visit, call=call, queue=QUEUE, agent=AGENT, ring_us=1, rule="longest idle")
    assert [view.state for view in board.agents(projection)] == ["unreachable"]
    seen = f.DeviceSeen(agent=AGENT, state=DeviceState.FREE)
    tell(f.Resynchronised(at=NOW, t=0, callers=(), legs=(), devices=(seen,)))
    tell(f.CallerJoined(at=NOW, t=0, visit=visit, call=call, queue=QUEUE), offer)
    tell(f.DeviceChanged(at=NOW, t=0, agent=AGENT, state=DeviceState.RINGING))
    tell(
        f.OfferBridged(at=NOW, t=0, offer=OFFER),
        d.CloseOffer(offer=OFFER, visit=visit, queue=QUEUE, agent=AGENT, result=OfferResult.ANSWERED),
    )
    tell(f.TalkEnded(at=NOW, t=0, offer=OFFER), d.BeginWrapUp(agent=AGENT, queue=QUEUE, until=9, talk_us=1))
    tell(f.DeviceChanged(at=NOW, t=0, agent=AGENT, state=DeviceState.FREE))
    tell(f.Tick(at=NOW, t=9), d.EndWrapUp(agent=AGENT))
    assert states == [["free"], ["ringing"], ["ringing"], ["talking"], ["wrap-up"], ["wrap-up"], ["free"]]
    assert board.by_state(projection)["free"] == 1


def test_the_board_says_when_it_is_stale_and_survives_its_stored_form() -> None:
    board = Board(["101"])
    board.apply(f.Resynchronised(at=NOW, t=0, callers=(), legs=(), devices=()))
    assert board.link
    board.apply(f.LinkLost(at=NOW, t=0))
    assert not board.link
    board.apply(f.DeviceChanged(at=NOW, t=0, agent=AGENT, state=DeviceState.BUSY))
    again = Board()
    again.restore(board.state())
    assert again.agents(Projection()) == board.agents(Projection())


def test_the_longest_block_is_told_and_forgotten_after_a_minute() -> None:
    clock = ManualClock()
    told: list[float] = []
    watch = LoopWatch(clock, told.append)
    watch.start()
    clock.advance(0.2)
    assert watch.longest_seconds == 0
    clock.boot_us += 350_000  # the loop was blocked: time went on and no timer ran
    clock.advance(0)
    blocked = watch.longest_seconds
    assert blocked == 0.3 == told[-1]
    clock.advance(30)
    clock.boot_us += 150_000
    clock.advance(20)
    assert watch.longest_seconds == 0.3
    clock.advance(20)
    assert watch.longest_seconds == 0.1  # the second one is less than a minute old
    clock.advance(60)
    assert watch.longest_seconds == 0
    watch.stop()
    assert clock.pending == 0
