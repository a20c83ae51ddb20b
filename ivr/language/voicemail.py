"""`voicemail.yaml`: mailboxes, and the server that takes e-mail."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ivr.language.problems import Problem, suggestion
from ivr.language.schema import HostPort
from ivr.site.mailboxes import Encryption, Mail, Mailbox
from ivr.text import quoted
from ivr.verbs.words import Extension, Label, Name, Text, YesNo, between, whole, wrong

if TYPE_CHECKING:
    from ivr.language.config import Configuration

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LOCAL_HOSTS = ("localhost", "127.0.0.1")

# What e-mail servers take everywhere, and nothing that could end a header.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._%+-]{{0,63}}@{_LABEL}(?:\.{_LABEL})*")


def _address(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 254 or not _ADDRESS.fullmatch(value):
        raise wrong(f"{quoted(str(value))} is not an e-mail address: write for example servicio@example.com")
    return value


def _secret(value: Any) -> str:
    match = re.fullmatch(r"secret ([a-z][a-z0-9_]{0,39})", value) if isinstance(value, str) else None
    if match is None:
        raise wrong(
            "a password never stands in this file: write for example 'secret smtp', and put it into smtp.secret"
        )
    return match[1]


def _days(value: Any) -> timedelta:
    match = re.fullmatch(r"([0-9]{1,4}) ?days?", value.strip()) if isinstance(value, str) else None
    if match is None or not 1 <= int(match[1]) <= 3650:
        raise wrong(f"{quoted(str(value))} is not possible: write 1 to 3650 days, for example 30 days")
    return timedelta(days=int(match[1]))


EmailAddress = Annotated[str, BeforeValidator(_address)]
SecretName = Annotated[str, BeforeValidator(_secret)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MailFile(_Settings):
    """The e-mail server."""

    server: HostPort = Field(description="address and port: mail.example.com:587")
    encryption: Literal["starttls", "tls", "none"] = Field(default="starttls", description="starttls, tls or none")
    user: Text = Field(default="", description="the user's name, where the server asks for one")
    password: SecretName | None = Field(
        default=None, description="secret NAME: the file NAME.secret in the folder of secrets holds it"
    )
    sender: EmailAddress = Field(alias="from", description="the address that messages come from")


class MailboxFile(_Settings):
    """A mailbox."""

    label: Label = Field(description="its name for people")
    extensions: list[Extension] = Field(
        default_factory=list, description="phones that listen to it; their lamp shows new messages"
    )
    email: list[EmailAddress] = Field(
        default_factory=list, alias="e-mail", description="addresses that get every message, with its audio"
    )
    greeting: Text = Field(default="", description="prompt before the tone; left out: the built-in one")
    longest: Annotated[timedelta, between(5 * SECOND, 10 * MINUTE)] = Field(
        default=2 * MINUTE, alias="longest message", description="then the recording ends"
    )
    shortest: Annotated[timedelta, between(2 * SECOND, 30 * SECOND)] = Field(
        default=2 * SECOND, alias="shortest message", description="what is shorter counts as nothing"
    )
    silence: Annotated[timedelta, between(2 * SECOND, 30 * SECOND)] = Field(
        default=4 * SECOND, description="so much of it ends a message"
    )
    most: Annotated[int, whole(1, 1000)] = Field(
        default=100, alias="most messages", description="then the mailbox is full"
    )
    keep: Annotated[timedelta, BeforeValidator(_days)] = Field(
        default=timedelta(days=30), alias="keep for", description="then a message is removed, heard or not"
    )
    unheard: Annotated[timedelta, between(5 * MINUTE, 168 * HOUR)] | None = Field(
        default=None,
        alias="tell when unheard for",
        description="a new message that is older raises an alarm; left out: never",
    )
    delete_after_email: YesNo = Field(
        default=False, alias="delete after e-mail", description="whether a message is deleted once everybody has it"
    )


class VoicemailFile(_Settings):
    """`voicemail.yaml`: where callers leave messages. The file need not exist."""

    mail: MailFile | None = Field(default=None, description="the server that takes e-mail")
    mailboxes: dict[Name, MailboxFile] = Field(default_factory=dict, description="the mailboxes")


def problems(configuration: "Configuration") -> Iterator[Problem]:
    """Names that do not exist, e-mail that cannot be sent, and messages of which nobody hears."""
    document, model = configuration.voicemail.document, configuration.voicemail.model
    if document is None or model is None:
        return
    if model.mail is not None:
        yield from _mail_problems(configuration, model.mail)
    extensions = configuration.site.names("extensions")
    for name, box in model.mailboxes.items():
        path = ("mailboxes", name)
        for index, extension in enumerate(box.extensions):
            if extensions is not None and extension not in extensions:
                message = (
                    f"extension {quoted(extension)} is not in site.yaml{suggestion(extension, sorted(extensions))}"
                )
                yield Problem.at(document.place((*path, "extensions", index)), "CONF022", message)
        if box.email and model.mail is None:
            message = "there is no server for e-mail; add 'mail:' with server and from at the top of this file"
            yield Problem.at(document.key_place((*path, "e-mail")), "CONF070", message)
        if box.delete_after_email and not box.email:
            message = "'delete after e-mail' needs 'e-mail' beside it; add it"
            yield Problem.at(document.key_place((*path, "delete after e-mail")), "CONF028", message)
        if not box.extensions and not box.email:
            message = "nobody is told of its messages; add 'extensions' or 'e-mail'"
            yield Problem.at(document.key_place(path), "CONF071", message)
        yield from _greeting_problems(configuration, name, box.greeting)


def _mail_problems(configuration: "Configuration", mail: MailFile) -> Iterator[Problem]:
    document = configuration.voicemail.document
    assert document is not None
    if bool(mail.user) != bool(mail.password):
        there, lacking = ("user", "password") if mail.user else ("password", "user")
        message = f"'{there}' needs '{lacking}' beside it; add it"
        yield Problem.at(document.key_place(("mail", there)), "CONF028", message)
    elif mail.user and mail.encryption == "none" and mail.server.rpartition(":")[0] not in LOCAL_HOSTS:
        message = "the password would travel readable for everybody on the way; write starttls or tls"
        yield Problem.at(document.place(("mail", "encryption")), "CONF072", message)


def _greeting_problems(configuration: "Configuration", name: str, greeting: str) -> Iterator[Problem]:
    from ivr.speech import BUILT_IN

    document, known = configuration.voicemail.document, configuration.prompts.names("prompts")
    assert document is not None
    if not greeting or known is None or greeting in BUILT_IN:
        return
    place = document.place(("mailboxes", name, "greeting"))
    site = configuration.site.model
    if greeting not in known:
        message = f"there is no prompt {quoted(greeting)}{suggestion(greeting, sorted(known))}"
        yield Problem.at(place, "CONF021", message)
        return
    missing = [language for language in site.languages if configuration.lacks(greeting, language)] if site else []
    if missing:
        message = f"the prompt {quoted(greeting)} has no text in {', '.join(missing)}; add it in prompts.yaml"
        yield Problem.at(place, "CONF027", message)


def mailboxes(model: VoicemailFile) -> Mapping[str, Mailbox]:
    """The mailboxes as the server uses them."""
    return {
        name: Mailbox(
            name=name,
            label=box.label,
            extensions=tuple(dict.fromkeys(box.extensions)),
            email=tuple(dict.fromkeys(box.email)),
            greeting=box.greeting or None,
            longest=box.longest,
            shortest=box.shortest,
            silence=box.silence,
            most=box.most,
            keep=box.keep,
            unheard=box.unheard,
            delete_after_email=box.delete_after_email,
        )
        for name, box in model.mailboxes.items()
    }


def mail(model: VoicemailFile) -> Mail | None:
    """The e-mail server as the server uses it."""
    if model.mail is None:
        return None
    host, _, port = model.mail.server.rpartition(":")
    return Mail(
        host=host,
        port=int(port),
        encryption=Encryption(model.mail.encryption),
        user=model.mail.user,
        password=model.mail.password or "",
        sender=model.mail.sender,
    )
