"""What conditions learn of a queue."""

from acd.facts import CallerJoined
from acd.model import DeviceState
from ivr.exchange.visits import Visits
from tests.tools import run
from tests.unit.exchange.bench import CALL, CARTERA, VISIT, bench


@run
async def test_the_longest_wait_grows_while_nothing_happens() -> None:
    async with bench() as b:
        await b.login(state=DeviceState.BUSY)
        await b.starts()
        visits = Visits(b.dispatcher.engine, b.dispatcher.now_us)
        assert visits.figure(CARTERA, "longest_wait") == 0
        b.desk.submit(CallerJoined(at=b.clock.now(), t=0, visit=VISIT, call=CALL, queue=CARTERA))
        await b.dispatcher.settled()
        b.clock.advance(45)
        assert visits.figure(CARTERA, "longest_wait") == 45
        assert visits.figure(CARTERA, "waiting") == 1
        assert visits.figure("no_such_queue", "longest_wait") == 0
