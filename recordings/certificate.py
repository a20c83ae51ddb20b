"""The certificate of a deletion: what was deleted, when and by which rule, and where it was looked for afterwards.
Pure. It holds no number and no voice, so that it may be kept longer than what it tells of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Place:
    """A place where the recording was: the vault, a backup, an archive. `gone`: it was looked for there at `verified`,
    and neither it nor the key to it was found. `how`: what was looked at."""

    name: str
    gone: bool
    verified: datetime
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Of one recording. `rule` in words (`str(RetentionRule)`), or the reason of a deletion that a person ordered;
    `by`: retention, or that person. `key_destroyed`: when the key to every copy was destroyed; None: not yet."""

    recording: str
    call: str
    ended: datetime
    bytes: int
    sha256: str
    audio_sha256: str
    rule: str
    due: datetime
    deleted: datetime
    by: str
    key_destroyed: datetime | None
    places: tuple[Place, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is left of it anywhere: someone looked, and the key is destroyed."""
        return self.key_destroyed is not None and bool(self.places) and all(place.gone for place in self.places)

    def as_json(self) -> dict[str, Any]:
        """Plain values, times in UTC."""
        return {
            "recording": self.recording,
            "call": self.call,
            "ended": _utc(self.ended),
            "bytes": self.bytes,
            "sha256": self.sha256,
            "audio_sha256": self.audio_sha256,
            "rule": self.rule,
            "due": _utc(self.due),
            "deleted": _utc(self.deleted),
            "by": self.by,
            "key_destroyed": _utc(self.key_destroyed) if self.key_destroyed is not None else None,
            "places": [
                {"name": place.name, "gone": place.gone, "verified": _utc(place.verified), "how": place.how}
                for place in self.places
            ],
            "complete": self.complete,
        }

    def lines(self, language: str) -> list[str]:
        """The certificate for people, in Spanish, else in English."""
        said = _WORDS["es" if language.startswith("es") else "en"]
        rows = [
            ("recording", self.recording),
            ("call", self.call),
            ("ended", _utc(self.ended)),
            ("bytes", str(self.bytes)),
            ("sha256", self.sha256),
            ("audio", self.audio_sha256),
            ("rule", self.rule),
            ("due", _utc(self.due)),
            ("deleted", _utc(self.deleted)),
            ("by", self.by),
            ("key", _utc(self.key_destroyed) if self.key_destroyed is not None else said["not yet"]),
        ]
        for place in self.places:
            found = said["gone"] if place.gone else said["still there"]
            how = f" ({place.how})" if place.how else ""
            rows.append(("place", f"{place.name}: {found}, {_utc(place.verified)}{how}"))
        rows.append(("result", said["complete" if self.complete else "incomplete"]))
        return [said["title"], *(f"{said[name]}: {value}" for name, value in rows)]


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "es": {
        "title": "Certificado de eliminación de una grabación",
        "recording": "Grabación",
        "call": "Llamada",
        "ended": "Terminó",
        "bytes": "Bytes",
        "sha256": "SHA-256 del archivo",
        "audio": "SHA-256 del audio",
        "rule": "Regla",
        "due": "Debía eliminarse desde",
        "deleted": "Eliminada",
        "by": "Por",
        "key": "Llave destruida",
        "place": "Lugar",
        "gone": "no queda nada",
        "still there": "TODAVÍA ESTÁ",
        "not yet": "TODAVÍA NO",
        "result": "Resultado",
        "complete": "completa, verificada en todos los lugares",
        "incomplete": "INCOMPLETA",
    },
    "en": {
        "title": "Certificate of deletion of a recording",
        "recording": "Recording",
        "call": "Call",
        "ended": "Ended",
        "bytes": "Bytes",
        "sha256": "SHA-256 of the file",
        "audio": "SHA-256 of the audio",
        "rule": "Rule",
        "due": "Due for deletion since",
        "deleted": "Deleted",
        "by": "By",
        "key": "Key destroyed",
        "place": "Place",
        "gone": "nothing is left",
        "still there": "STILL THERE",
        "not yet": "NOT YET",
        "result": "Result",
        "complete": "complete, verified in all places",
        "incomplete": "INCOMPLETE",
    },
}
