"""A line whose versions can be heard: each says its own mark, by key 2 of its menu or after waiting in its queue."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ivr.language import load_site
from ivr.site import Site
from ivr.testing.ears import Ears
from ivr.testing.installation import ROOT
from ivr.testing.instance import Instance
from ivr.testing.instance_site import dump, read
from ivr.testing.person import Person
from tests.live.scenes import MENU, OPEN, short

FLOW = "contabilidad_directa"
NUMBER = "6010000004"
QUEUE = "contabilidad"
HEARD = (MENU, "music", "no_le_escuche")
PHONES = ("401", "106")
MARKS = {  # as unlike each other, and every other prompt, as words can be
    "elefante": "Elefante azul.",
    "girasol": "Girasoles amarillos.",
    "montana": "Montañas de Chingaza.",
    "bicicleta": "Bicicleta veloz.",
    "chocolate": "Chocolate con queso.",
    "guitarra": "Guitarra flamenca.",
    "lluvia": "Llueve en Bogotá.",
    "jirafa": "Jirafa gigante.",
    "zapato": "Zapatos blandos.",
    "universo": "Universo infinito.",
}


def steps(version: int) -> dict[str, Any]:
    """The flow of a version."""
    return {
        "menu": {
            "ask": MENU,
            "keys": {"1": "cola", "2": "marca"},
            "no key": "no_le_escuche",
            "wrong key": "opcion_invalida",
            "wait": "30 s",
            "tries": "9",
            "then": "a person",
        },
        "marca": {"play": mark(version), "then": "menu"},
        "cola": {"queue": QUEUE, "after the talk": "marca", "nobody there": "marca", "waited too long": "marca"},
    }


def mark(version: int) -> str:
    """What a version says."""
    return f"marca_{list(MARKS)[version % len(MARKS)]}"


def changes(lines: int = 12) -> dict[str, Any]:
    """A short site with this flow."""
    laid = short(site={"lines": str(lines)}, queues={QUEUE: {"longest wait": "10 min", "wrap-up": "0 s"}})
    words = {f"marca_{name}": {"es-CO": text} for name, text in MARKS.items()}
    laid["prompts.yaml"]["prompts"] |= words
    written = read((ROOT / "ivr" / "flows" / f"{FLOW}.yaml").read_text(encoding="utf-8"))
    laid[f"{FLOW}.yaml"] = {"start": "menu", "steps": dict.fromkeys(written["steps"]) | steps(0)}
    return laid


class Files:
    """The site's files of an instance, changed as an administrator does."""

    def __init__(self, line: Instance) -> None:
        self._line = line

    def set_version(self, version: int) -> None:
        """Let the flow say another mark."""
        self.change(self.flow, {"steps": steps(version)})

    def change(self, file: Path, changed: Mapping[str, Any]) -> None:
        """Replace settings at the top of a file; mappings are joined one level down."""
        data = read(file.read_text(encoding="utf-8"))
        for name, value in changed.items():
            data[name] = {**data[name], **value} if isinstance(value, Mapping) else value
        self.write(file, dump(data))

    @staticmethod
    def write(file: Path, text: str) -> None:
        """Replace a file as an editor does."""
        fresh = file.with_name(f".{file.name}~")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(file)

    @property
    def flow(self) -> Path:
        """The flow's file."""
        return self._line.environment.flows / f"{FLOW}.yaml"

    def config(self, name: str) -> Path:
        """A file of the configuration."""
        return self._line.environment.config / name

    def site(self) -> Site:
        """What the files say."""
        site = load_site(self._line.environment.config, self._line.environment.flows).site
        assert site is not None
        return site


async def caller_of(line: Instance, number: str) -> Person:
    """A caller who calls this flow and knows only what can be heard in it: fifty such ears cost little."""
    caller = await line.caller(number, did=NUMBER, at=OPEN)
    known = {name: sound for name, sound in line.ears.sounds.items() if name in HEARD or name.startswith("marca_")}
    return Person(number, caller.call, Ears(known))


async def caller_in_menu(line: Instance, number: str) -> Person:
    """A caller who hears the menu."""
    caller = await caller_of(line, number)
    await caller.hears(MENU)
    return caller


async def says(caller: Person, version: int, seconds: float = 15) -> None:
    """Press 2 and hear the mark of the version; the menu follows."""
    after = caller.now
    await caller.press("2")
    heard = await caller.hears_whole(mark(version), seconds, after=after)
    others = {sound.name for sound in caller.listen() if sound.name.startswith("marca_") and sound.end > after}
    assert others == {mark(version)}, others
    await caller.hears(MENU, after=heard.end)
