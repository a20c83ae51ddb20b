"""recordings.yaml as the server uses it."""

from ivr.language.recording_words import HOST
from ivr.language.recordings import AlarmsFile, BackupFile, KeepFile, RecordFile, RecordingsFile, TargetFile
from ivr.site.recordings import (
    EVERYTHING,
    BackupSettings,
    BackupTarget,
    FolderPlace,
    HostPlace,
    Place,
    RecordingSettings,
    S3Place,
)
from recordings.capacity import Limits
from recordings.policy import Rule
from recordings.retention import RetentionRule


def recording_settings(model: RecordingsFile) -> RecordingSettings:
    """The settings as the server uses them."""
    return RecordingSettings(
        directions=_directions(model.record),
        numbers=model.record.numbers,
        agents=model.record.agents,
        codec=model.format,
        keep=retention_rules(model.keep) or (EVERYTHING,),
        quiet=model.quiet,
        deletions_an_hour=model.deletions,
        backup=_backup(model.backup) if model.backup is not None else None,
        alarms=_limits(model.alarms),
        dispositions=tuple(model.dispositions),
    )


def retention_rules(written: list[KeepFile]) -> tuple[RetentionRule, ...]:
    """The rules of `keep`, in their order."""
    return tuple(
        RetentionRule(
            keep=rule.keep,
            archive_after=rule.archive_after,
            queue=rule.queue,
            direction=rule.direction,
            disposition=rule.disposition,
            segment=rule.segment,
        )
        for rule in written
    )


def _directions(written: RecordFile) -> dict[str, Rule]:
    said = written.directions
    found = {"inbound": said.inbound, "outbound": said.outbound, "internal": said.internal}
    return {direction: rule for direction, rule in found.items() if rule is not None}


def _backup(written: BackupFile) -> BackupSettings:
    return BackupSettings(
        targets=tuple(BackupTarget(name=name, place=_place(target)) for name, target in written.targets.items()),
        every=written.every,
        proof=written.prove,
        archive=written.archive,
    )


def _place(written: TargetFile) -> Place:
    if written.folder:
        return FolderPlace(path=written.folder)
    match = HOST.fullmatch(written.host)
    if match is not None:
        return HostPlace(
            user=match[1],
            host=match[2],
            path=match[3],
            key_file=written.key_file,
            known_hosts=written.known_hosts,
            port=written.port,
        )
    return S3Place(
        bucket=written.s3,
        endpoint=written.endpoint,
        region=written.region,
        prefix=written.prefix,
        credentials=written.credentials,
    )


def _limits(written: AlarmsFile) -> Limits:
    return Limits(
        days_until_full=written.days_until_full,
        free_below=float(written.free_below),
        stop_below=float(written.stop_below),
    )
