"""The server's own figures: AMI, AGI, loop, journal, drift, configuration. Set by the parts that know."""

from enum import Enum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

FAST_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
COMMAND_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Health:
    """Gauges and counters of the server itself. It is the observer of the FastAGI server and of the AMI link."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"centralita_{name}", text, labels, registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"centralita_{name}", text, labels, registry=registry)

        self.ami_connected = gauge("ami_connected", "1 while logged in to Asterisk's manager interface.")
        self.ami_logins = counter("ami_logins", "Logins to Asterisk's manager interface.")
        self.ami_losses = counter("ami_losses", "Links to Asterisk's manager interface that were lost.")
        self.ami_actions = counter("ami_actions", "Actions asked of Asterisk, by how they ended.", "action", "result")
        self.ami_action_seconds = Histogram(
            "centralita_ami_action_seconds", "From an action to its answer.", buckets=FAST_BOUNDS, registry=registry
        )
        self.ami_faults = counter("ami_faults", "Faults round the manager interface.", "kind")
        self.agi_sessions = gauge("agi_sessions", "FastAGI sessions that are open.")
        self.agi_sessions_opened = counter("agi_sessions_opened", "FastAGI sessions opened.")
        self.agi_command_seconds = Histogram(
            "centralita_agi_command_seconds",
            "From an AGI command to its reply (a prompt counts with its length).",
            ["verb"],
            buckets=COMMAND_BOUNDS,
            registry=registry,
        )
        self.agi_rejected = counter("agi_rejected", "FastAGI connections closed by us.", "reason")
        self.agi_failures = counter("agi_failures", "FastAGI sessions that a fault of ours ended.")
        self.http_turned_away = counter(
            "http_turned_away", "Connections and requests that were not read, because they were too many."
        )
        self.loop_longest_block_seconds = gauge(
            "loop_longest_block_seconds", "The loop's longest block in the last minute."
        )
        self.loop_longest_work_seconds = gauge(
            "loop_longest_work_seconds",
            "As loop_longest_block_seconds, without the time in which the machine had no processor for the server.",
        )
        self.drift = counter("drift", "What we believed and Asterisk did not, repaired after a login.", "what")
        self.flow_problems = counter("flow_problems", "What a flow could not do as written (see the log).", "kind")
        self.recordings_not_renewed = counter(
            "recordings_not_renewed", "Recordings that should have gone on in another file after a hold, and did not."
        )
        self.config_info = gauge("config_info", "1 for the configuration in force.", "version")
        self.journal_degraded = gauge("journal_degraded", "1 while decisions are carried out before they are durable.")
        self.journal_position = gauge("journal_position", "Position of the journal's last entry.")
        self.records_behind = gauge("records_behind", "Entries that are not yet in the records.")

    def loop(self, blocked: float, worked: float) -> None:
        """The longest blocks of the last minute, in seconds."""
        self.loop_longest_block_seconds.set(blocked)
        self.loop_longest_work_seconds.set(worked)

    def config(self, version: str) -> None:
        """The configuration that is in force now; the figure keeps only this one."""
        self.config_info.clear()
        self.config_info.labels(version).set(1)

    # ------------------------------------------------------------------ as ivr.asterisk.agi.limits.Observer
    def session_opened(self) -> None:
        """A FastAGI session began."""
        self.agi_sessions.inc()
        self.agi_sessions_opened.inc()

    def session_closed(self) -> None:
        """A FastAGI session is over."""
        self.agi_sessions.dec()

    def command_done(self, verb: str, seconds: float) -> None:
        """An AGI command has its reply."""
        self.agi_command_seconds.labels(verb).observe(seconds)

    def refused(self, reason: Enum) -> None:
        """A FastAGI connection was closed by us for what it sent, or did not send."""
        self.agi_rejected.labels(str(reason.value)).inc()

    def handler_failed(self) -> None:
        """A handler of ours raised."""
        self.agi_failures.inc()

    # ------------------------------------------------------------------ as ivr.asterisk.ami.observer.AmiObserver
    def ami_up(self) -> None:
        """Logged in to Asterisk."""
        self.ami_connected.set(1)
        self.ami_logins.inc()

    def ami_down(self, why: str) -> None:
        """The link is gone."""
        self.ami_connected.set(0)
        self.ami_losses.inc()

    def ami_refused(self, message: str) -> None:
        """Asterisk refused the login."""
        self.ami_connected.set(0)
        self.ami_faults.labels("login refused").inc()

    def ami_action(self, name: str, seconds: float, result: str) -> None:
        """An action ended."""
        self.ami_actions.labels(name, result).inc()
        self.ami_action_seconds.observe(seconds)

    def ami_fault(self, kind: str) -> None:
        """Something of ours failed."""
        self.ami_faults.labels(kind).inc()
