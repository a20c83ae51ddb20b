"""What is wrong in recordings.yaml: names that do not exist, rules that never decide, copies that cannot be made."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ivr.language.lookup_words import protected
from ivr.language.problems import Problem, bounded, suggestion
from ivr.language.reader import Document, Path_
from ivr.language.recordings import BackupFile, RecordingsFile, TargetFile
from ivr.language.recordings_made import retention_rules
from ivr.site.callers import SEGMENT
from ivr.site.recordings import DAY, DIRECTIONS, HEARD, needs_notice
from ivr.text import quoted
from ivr.verbs.words import shown
from recordings.retention import unreachable

if TYPE_CHECKING:
    from ivr.language.config import Configuration

_OF_TARGETS = {
    "folder": (),
    "host": ("port", "key file", "known hosts"),
    "s3": ("endpoint", "region", "prefix", "credentials"),
}
"""The kinds of targets and the settings that belong to each."""

_NEEDED = {"host": ("key file", "known hosts"), "s3": ("credentials",)}


def recording_problems(configuration: "Configuration") -> Iterator[Problem]:
    """All of them."""
    document, model = configuration.recordings.document, configuration.recordings.model
    if document is None or model is None:
        return
    check = _Check(configuration, document, model)
    for found in (check.record(), check.keep(), check.dispositions(), check.backup(), check.alarms()):
        yield from bounded(found)


class _Check:
    """The file, and what the other files have."""

    def __init__(self, configuration: "Configuration", document: Document, model: RecordingsFile) -> None:
        self._all, self._document, self._model = configuration, document, model

    # ---------------------------------------------------------------- who is recorded
    def record(self) -> Iterator[Problem]:
        """Numbers and agents that do not exist, and wishes that can never come true."""
        for direction in DIRECTIONS:
            rule = getattr(self._model.record.directions, direction)
            if rule is not None and needs_notice(rule) and direction not in HEARD:
                message = (
                    f"nothing of {direction} calls would be recorded, for nobody hears a notice in them; write no, or "
                    "delete this line"
                )
                yield self._value("REC001", ("record", "directions", direction), message)
        numbers, agents = self._all.site.names("numbers"), self._all.queues.names("agents")
        for number in self._model.record.numbers:
            if numbers is not None and number not in numbers:
                message = f"the line has no number {quoted(number)} in site.yaml{suggestion(number, sorted(numbers))}"
                yield self._key("REC002", ("record", "numbers", number), message)
        for agent in self._model.record.agents:
            if agents is not None and agent not in agents:
                message = f"there is no agent {quoted(agent)} in queues.yaml{suggestion(agent, sorted(agents))}"
                yield self._key("REC002", ("record", "agents", agent), message)

    # ---------------------------------------------------------------- how long
    def keep(self) -> Iterator[Problem]:
        """Rules that never decide, a rule that lacks, and periods that contradict each other."""
        if not self._model.keep:
            return
        rules = retention_rules(self._model.keep)
        for number, by in unreachable(rules):
            named = " and ".join(str(place + 1) for place in by)
            what = f"rule {named} matches" if len(by) == 1 else f"the rules {named} match"
            message = f"this rule never decides: {what} everything that it matches; put it first, or delete it"
            yield self._key("REC004", ("keep", number), message)
        if not rules[-1].matches_everything:
            message = "no rule is left for all other recordings; add one at the end, for example '- for: 180 days'"
            yield self._key("REC005", ("keep", len(rules) - 1), message)
        for number, rule in enumerate(rules):
            path: Path_ = ("keep", number)
            yield from self._names(path)
            if rule.archive_after is not None:
                yield from self._archived(path)
                if rule.keep is not None and rule.archive_after.most_days >= rule.keep.least_days:
                    message = (
                        f"after {rule.archive_after} nothing may be left to archive: it is deleted after {rule.keep}; "
                        "write less here, or keep it longer"
                    )
                    yield self._value("REC006", (*path, "archive after"), message)
            backup = self._model.backup
            if backup is not None and rule.keep is not None and rule.keep.least_days * DAY <= backup.every:
                message = (
                    f"a recording is deleted after {rule.keep}, and copied every {shown(backup.every)}: it may never "
                    "have been copied; write a longer time, or copy more often"
                )
                yield self._value("REC009", (*path, "for"), message)

    def dispositions(self) -> Iterator[Problem]:
        """The same one twice, and rules about one that no recording can have."""
        there = self._model.dispositions
        for number, name in enumerate(there):
            if name in there[:number]:
                yield self._value("REC013", ("dispositions", number), f"{quoted(name)} is there already; delete one")
        for number, rule in enumerate(self._model.keep if there else ()):
            for name in rule.disposition:
                if name not in there:
                    hint = suggestion(name, sorted(there), "; add it there, or correct it here")
                    message = f"'dispositions' does not name {quoted(name)}{hint}"
                    yield self._value("REC012", ("keep", number, "disposition"), message)

    def _names(self, path: Path_) -> Iterator[Problem]:
        """What is no longer there may still have recordings: a warning."""
        rule = self._model.keep[int(path[1])]
        queues = self._all.queues.names("queues")
        for queue in rule.queue:
            if queues is not None and queue not in queues:
                message = f"there is no queue {quoted(queue)} in queues.yaml{suggestion(queue, sorted(queues))}"
                yield self._value("REC003", (*path, "queue"), message)
        segments = self._segments()
        for segment in rule.segment:
            if segments is not None and segment not in segments:
                hint = suggestion(segment, sorted(segments), "; add it there, or delete it here")
                message = f"no list of lists.yaml gives the segment {quoted(segment)}{hint}"
                yield self._value("REC003", (*path, "segment"), message)

    def _segments(self) -> set[str] | None:
        model = self._all.lists.model
        if model is None:
            return None
        found = {entry.segment for entry in model.lists.values()}
        return {*found, model.anonymous.segment if model.anonymous.use == SEGMENT else ""} - {""}

    def _archived(self, path: Path_) -> Iterator[Problem]:
        backup = self._model.backup
        if backup is None or not backup.archive:
            message = "nothing says where archives go; write 'archive: NAME' of a target below 'backup'"
            yield self._key("REC007", (*path, "archive after"), message)

    # ---------------------------------------------------------------- copies
    def backup(self) -> Iterator[Problem]:
        """Targets that are none, and an archive that is none of them."""
        backup = self._model.backup
        if backup is None:
            return
        for name, target in backup.targets.items():
            yield from self._target(("backup", "targets", name), target)
        yield from self._archive(backup)

    def _archive(self, backup: BackupFile) -> Iterator[Problem]:
        path: Path_ = ("backup", "archive")
        if backup.archive and backup.archive not in backup.targets:
            message = f"there is no target {quoted(backup.archive)}{suggestion(backup.archive, backup.targets)}"
            yield self._value("REC007", path, message)
        elif backup.archive and all(rule.archive_after is None for rule in self._model.keep):
            message = "no rule of 'keep' archives anything; add 'archive after' to one, or delete this line"
            yield self._key("REC010", path, message)

    def _target(self, path: Path_, target: TargetFile) -> Iterator[Problem]:
        given = {
            info.alias or name for name, info in TargetFile.model_fields.items() if name in target.model_fields_set
        }
        kinds = [kind for kind in _OF_TARGETS if kind in given]
        if len(kinds) != 1:
            message = (
                f"a target is one place, not {' and '.join(kinds)}; write one of them"
                if kinds
                else "nothing says where this target is; add one of folder, host and s3"
            )
            yield self._key("REC008", path, message)
            return
        kind = kinds[0]
        for needed in _NEEDED.get(kind, ()):
            if needed not in given:
                yield self._key("CONF028", (*path, kind), f"'{kind}' needs '{needed}' beside it; add it")
        if kind == "s3" and not target.endpoint and not target.region:
            yield self._key("CONF028", (*path, kind), "'s3' needs 'region' beside it, or 'endpoint'; add one")
        for other, settings in _OF_TARGETS.items():
            for setting in settings:
                if other != kind and setting in given:
                    message = f"'{setting}' needs '{other}' beside it, not '{kind}'; delete this line"
                    yield self._key("CONF028", (*path, setting), message)
        if target.endpoint and not protected((target.endpoint,)):
            message = "what is copied would cross the net readable by all; write https:// instead of http://"
            yield self._value("CONF062", (*path, "endpoint"), message)

    # ---------------------------------------------------------------- alarms
    def alarms(self) -> Iterator[Problem]:
        """An alarm that comes too late."""
        alarms = self._model.alarms
        if alarms.stop_below >= alarms.free_below:
            message = (
                f"recording would stop at {alarms.stop_below} before the alarm at {alarms.free_below} tells of it; "
                "write less here"
            )
            yield self._value("REC011", ("alarms", "stop recording below"), message)

    def _value(self, code: str, path: Path_, message: str) -> Problem:
        return Problem.at(self._document.place(path), code, message)

    def _key(self, code: str, path: Path_, message: str) -> Problem:
        return Problem.at(self._document.key_place(path), code, message)
