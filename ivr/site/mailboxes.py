"""Mailboxes: where callers leave messages, who is told of them and how; and the server that takes e-mail. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A box of messages as voicemail.yaml has it."""

    name: str
    label: str
    extensions: tuple[str, ...]  # phones whose lamp shows new messages, and that may listen to them
    email: tuple[str, ...]  # addresses that get each message; empty = nobody
    greeting: str | None  # prompt before the tone; None = the built-in one
    longest: timedelta  # of a message
    shortest: timedelta  # what is shorter is no message
    silence: timedelta  # ends a message
    most: int  # messages in the box, heard ones too; then it is full
    keep: timedelta  # then a message is removed
    unheard: timedelta | None  # a new message that is older is told to the supervisors; None = never
    delete_after_email: bool  # the box holds nothing that was sent to everybody


class Encryption(Enum):
    """How the connection to the e-mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """The server that takes e-mail. `password` is the name of a secret, never the password itself; empty = none."""

    host: str
    port: int
    encryption: Encryption
    user: str
    password: str
    sender: str
