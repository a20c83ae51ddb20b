"""`recordings.yaml`: who is recorded, how long recordings are kept, where copies go, when somebody is told."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from ivr.language.queue_words import AgentName, HookAddress
from ivr.language.recording_words import (
    MOST_VALUES,
    Bucket,
    Directions,
    Disposition,
    Dispositions,
    FolderPath,
    HostText,
    HoursText,
    KeepText,
    Percent,
    PercentText,
    PeriodText,
    Prefix,
    ProofText,
    QueueNames,
    RecordText,
    Region,
    SecretPath,
    SegmentNames,
)
from ivr.language.schema import Settings
from ivr.site.recordings import BackupSettings, RecordingSettings
from ivr.verbs.words import Name, Number, between, whole

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MOST_RULES = 200
_USUAL, _COPIES = RecordingSettings(), BackupSettings(targets=())


class DirectionsFile(Settings):
    """What holds for all calls of a direction."""

    inbound: RecordText | None = Field(default=None, description="calls from outside")
    outbound: RecordText | None = Field(default=None, description="calls to outside")
    internal: RecordText | None = Field(default=None, description="calls of the house")


class RecordFile(Settings):
    """Who is recorded, besides what `record` of each queue says. The agent's word counts more than the queue's, the
    queue's more than that of the number called, and this more than the direction's; `never` and `force` always count.
    Only what follows a completed notice is ever recorded."""

    directions: DirectionsFile = Field(
        default_factory=DirectionsFile,
        description="`inbound`, `outbound`, `internal`: force, yes, on demand, no, never",
    )
    numbers: dict[Number, RecordText] = Field(
        default_factory=dict, description="numbers of site.yaml that callers dial: force, yes, on demand, no, never"
    )
    agents: dict[AgentName, RecordText] = Field(
        default_factory=dict, description="agents of queues.yaml: force, yes, on demand, no, never"
    )


class KeepFile(Settings):
    """A rule: recordings to which everything applies that it names are kept so long."""

    queue: QueueNames = Field(default=(), description="a queue, or a list of them")
    direction: Directions = Field(default=(), description="inbound, outbound, internal, or a list of them")
    disposition: Dispositions = Field(default=(), description="what became of the talk, or a list of that")
    segment: SegmentNames = Field(default=(), description="segment of the caller (lists.yaml), or a list of them")
    keep: KeepText = Field(
        alias="for", description="180 days, 6 months, 5 years or for ever, from the end of the talk; then it is deleted"
    )
    archive_after: PeriodText | None = Field(
        default=None, alias="archive after", description="then it goes to the target that `archive` of `backup` names"
    )


class TargetFile(Settings):
    """Where copies go: one of `folder`, `host` and `s3`."""

    folder: FolderPath = Field(default="", description="a folder of this machine, best on another disk")
    host: HostText = Field(default="", description="user@host:folder of another machine, by SSH")
    port: Annotated[int, whole(1, 65535)] = Field(default=22, description="of `host`: the port of SSH")
    key_file: SecretPath = Field(
        default="",
        alias="key file",
        description="of `host`: the private key; a file in the folder of secrets, or a path",
    )
    known_hosts: SecretPath = Field(
        default="", alias="known hosts", description="of `host`: the machine's public key, as SSH writes it; likewise"
    )
    s3: Bucket = Field(default="", description="a bucket of an S3-compatible store")
    endpoint: HookAddress = Field(default="", description="of `s3`: the store's address; left out: that of AWS")
    region: Region = Field(default="", description="of `s3`: its region")
    prefix: Prefix = Field(default="", description="of `s3`: what the names of all objects begin with")
    credentials: SecretPath = Field(
        default="", description="of `s3`: a file in the folder of secrets, or a path; never the secret itself"
    )


class BackupFile(Settings):
    """Copies of recordings, databases, configuration and prompts."""

    targets: dict[Name, TargetFile] = Field(min_length=1, max_length=10, description="where copies go")
    every: Annotated[timedelta, between(5 * MINUTE, 168 * HOUR)] = Field(
        default=_COPIES.every, description="how often what is new is copied"
    )
    prove: ProofText = Field(
        default=_COPIES.proof, description="so many recordings by lot are fetched back and compared"
    )
    archive: Name = Field(default="", description="the target that archived recordings go to")


class AlarmsFile(Settings):
    """When somebody is told that the disk will not do."""

    days_until_full: Annotated[int, whole(1, 3650)] = Field(
        default=_USUAL.alarms.days_until_full,
        alias="days until full",
        description="an alarm when the disk is likely to be full in so many days",
    )
    free_below: PercentText = Field(
        default=Percent(_USUAL.alarms.free_below), alias="disk free below", description="an alarm when less is free"
    )
    stop_below: PercentText = Field(
        default=Percent(_USUAL.alarms.stop_below),
        alias="stop recording below",
        description="no talk is recorded while less is free, so that calls do not suffer",
    )


class RecordingsFile(Settings):
    """`recordings.yaml`: who is recorded, how long recordings are kept, where copies go. The file need not exist: then
    only the queues say who is recorded, everything is kept for 180 days, and nothing is copied.

    Wishes are `force` (nobody can stop it, only pause it), `yes`, a share (`20 % of the calls`), `on demand` (an agent
    begins it), `no` and `never`. Of the rules under `keep` the first that matches decides; the last matches everything.
    """

    record: RecordFile = Field(
        default_factory=RecordFile, description="who is recorded: by `directions`, `numbers`, `agents`"
    )
    format: Literal["opus", "wav"] = Field(
        default="opus", description="opus (24 kbit/s, 11 MB an hour) or wav (115 MB an hour)"
    )
    keep: list[KeepFile] = Field(
        default_factory=list,
        min_length=1,
        max_length=MOST_RULES,
        description="how long recordings are kept: the first rule that matches; left out: 180 days",
    )
    dispositions: list[Disposition] = Field(
        default_factory=list,
        min_length=1,
        max_length=MOST_VALUES,
        description="what may become of a talk: a recording gets one of these; left out: any of up to 64 characters",
    )
    quiet: HoursText = Field(
        default=_USUAL.quiet, alias="quiet hours", description="when recordings are deleted and archived"
    )
    deletions: Annotated[int, whole(1, 100_000)] = Field(
        default=_USUAL.deletions_an_hour,
        alias="deletions an hour",
        description="at most so many, so that calls do not suffer",
    )
    backup: BackupFile | None = Field(default=None, description="copies; left out: none")
    alarms: AlarmsFile = Field(
        default_factory=AlarmsFile, description="`days until full`, `disk free below`, `stop recording below`"
    )
