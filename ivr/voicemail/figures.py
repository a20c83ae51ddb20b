"""Messages and letters for Prometheus."""

from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ivr.site import Site
from ivr.voicemail.inbox import Inbox
from ivr.voicemail.post import Post


class VoicemailFigures(Collector):
    """Computed at each scrape, from memory. Every mailbox of the site is shown, also while it is empty."""

    def __init__(self, inbox: Inbox, post: Post, site: Callable[[], Site], now: Callable[[], datetime]) -> None:
        self._inbox, self._post, self._site, self._now = inbox, post, site, now

    def describe(self) -> Iterator[Metric]:
        """Nothing is computed when the collector is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """All families."""
        held = GaugeMetricFamily("centralita_voicemail_messages", "Messages in a mailbox.", labels=["mailbox", "state"])
        oldest = GaugeMetricFamily(
            "centralita_voicemail_oldest_new_seconds",
            "Age of the oldest message that nobody has heard; 0 without one.",
            labels=["mailbox"],
        )
        overdue = GaugeMetricFamily(
            "centralita_voicemail_overdue",
            "Messages that nobody has heard for longer than the mailbox allows.",
            labels=["mailbox"],
        )
        room = GaugeMetricFamily("centralita_voicemail_room", "Messages that still fit.", labels=["mailbox"])
        now = self._now()
        for name, box in sorted(self._site().mailboxes.items()):
            new, heard = self._inbox.counts(name)
            held.add_metric([name, "new"], new)
            held.add_metric([name, "heard"], heard)
            room.add_metric([name], max(0, box.most - new - heard))
            ages = [now - message.received for message in self._inbox.messages(name, include_heard=False)]
            oldest.add_metric([name], max([age.total_seconds() for age in ages], default=0.0))
            overdue.add_metric([name], sum(age > box.unheard for age in ages) if box.unheard else 0)
        yield from (held, room, oldest, overdue)
        yield from self._letters()

    def _letters(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("centralita_voicemail_letters", "E-mail by what became of it.", labels=["state"])
        waiting.add_metric(["waiting"], self._post.outbox.waiting)
        waiting.add_metric(["given up"], self._post.outbox.given_up)
        yield waiting
        tried = CounterMetricFamily(
            "centralita_voicemail_letter_attempts", "Attempts to send e-mail.", labels=["result"]
        )
        for result in ("sent", "delayed", "refused"):
            tried.add_metric([result], self._post.attempts[result])
        yield tried
