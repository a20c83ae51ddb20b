"""A server whose clock has leapt: `AHEAD_DAYS=400 python -m tests.live.ahead` is `ivr serve` in another year."""

import os
import sys
from datetime import UTC, datetime, timedelta

import ivr.clock


def main() -> None:
    """Serve."""
    ahead = timedelta(days=float(os.environ["AHEAD_DAYS"]))
    ivr.clock.LoopClock.now = lambda self: datetime.now(UTC) + ahead  # type: ignore[method-assign]
    from ivr.cli import main as command

    sys.argv = ["ivr", "serve"]
    command()


if __name__ == "__main__":
    main()
