"""What `ivr explain` says: Spanish, else English."""

from collections.abc import Mapping
from typing import Final

_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    # --- the call
    "call came in": ("entra la llamada por el {did}{flow}{version}", "call came in on {did}{flow}{version}"),
    "by flow": (", flujo {flow}", ", flow {flow}"),
    "server away": (", el servidor no estaba", ", the server was away"),
    "of version": (", versión {version}", ", version {version}"),
    "refused": ("rechazada en el {did}: todas las líneas ocupadas", "refused on {did}: all lines were busy"),
    "step": ("paso {step} ({verb})", "step {step} ({verb})"),
    "notice": (
        "oyó completo el aviso {prompt}, versión {version}",
        "heard the notice {prompt} to its end, version {version}",
    ),
    "key": ("marca {key} en el menú {step}: va a {then}", "pressed {key} in menu {step}: goes to {then}"),
    "wrong key": ("la tecla {key} no está en el menú {step}", "key {key} is not in menu {step}"),
    "no key": ("no marca nada en el menú {step}", "no key in menu {step}"),
    "way": ("en {step} se toma el camino {way}: va a {then}", "took way {way} of {step}: goes to {then}"),
    "language": ("sigue en {language}", "goes on in {language}"),
    "input": ("en {step}: {result}, intentos: {tries}", "in {step}: {result}, tries: {tries}"),
    "looked up": ("consulta {source}: {outcome}", "look-up {source}: {outcome}"),
    "no prompt": ("falta el texto {prompt} y se salta", "prompt {prompt} is missing and was skipped"),
    "rings": ("timbra la extensión {extension}", "extension {extension} rings"),
    "dial answered": ("contesta la extensión {extension}", "extension {extension} answered"),
    "dial ended": ("termina en la extensión {extension}: {result}", "dial of extension {extension} ended: {result}"),
    "fallback": (
        "el servidor no estaba: Asterisk timbra en recepción por su cuenta",
        "the server was away: the dialplan rang reception",
    ),
    "recording wished": (
        "grabación de la llamada: {wish}, en el paso {step}",
        "recording of the call: {wish}, in step {step}",
    ),
    "recorded": ("la conversación con {agent} se graba: {why}{said}", "the talk with {agent} is recorded: {why}{said}"),
    "not recorded": (
        "la conversación con {agent} no se graba: {why}{said}",
        "the talk with {agent} is not recorded: {why}{said}",
    ),
    "recording begun": ("la grabación empieza a pedido, por {by}", "the recording begins on demand, by {by}"),
    "recording paused": ("la grabación queda en pausa, por {by}", "the recording is paused, by {by}"),
    "recording resumed": ("la grabación sigue, por {by}", "the recording goes on, by {by}"),
    "recording renewed": (
        "la grabación sigue en otro archivo, el {part}",
        "the recording goes on in another file, number {part}",
    ),
    "recording stopped": ("la grabación termina aquí: {why}", "the recording ends here: {why}"),
    "recording": ("grabación {recording} lista, {seconds}", "recording {recording} finished, {seconds}"),
    "message begun": (
        "graba el mensaje {message} en el buzón {mailbox}",
        "records message {message} for mailbox {mailbox}",
    ),
    "message left": (
        "deja el mensaje {message} en el buzón {mailbox}, {seconds}",
        "left message {message} in mailbox {mailbox}, {seconds}",
    ),
    "message dropped": ("el mensaje {message} no se guarda", "message {message} was not kept"),
    "message handled": ("mensaje {message}: {what}, por {by}", "message {message} was {what} by {by}"),
    "call ended": ("termina la llamada; cuelga {by}, causa {cause}", "call ended, hung up by {by}, cause {cause}"),
    "why ended": (", motivo: {reason}", ", reason: {reason}"),
    "told by": (" (según {source})", " (told by {source})"),
    "override": (
        "el horario {timetable} estaba cambiado: {state}, por {by}{why}",
        "the timetable {timetable} was overridden: {state}, by {by}{why}",
    ),
    "another call": ("en otra llamada: {text}", "in another call: {text}"),
    # --- transfers
    "transferred": (
        "{by} transfiere la llamada a {to} ({how})",
        "{by} transferred the caller to {to} ({how})",
    ),
    "transfer returned": (
        "{to} no recibe la llamada ({why}): sigue a {back}",
        "{to} did not take the caller ({why}): on to {back}",
    ),
    # --- waiting
    "joined": ("espera en la cola {queue}{priority}{only}{credit}", "joined queue {queue}{priority}{only}{credit}"),
    "with priority": (", prioridad {priority}", " with priority {priority}"),
    "only for": (", solo para {agent} (transferencia)", ", for {agent} alone (a transfer)"),
    "with credit": (", con {seconds} ya esperados", ", with {seconds} waited before"),
    "place": ("lugar {position} de {count}", "place {position} of {count}"),
    "kept for": (
        "se le guarda a {agent}, que atendió la última vez",
        "is kept for {agent}, who served this caller last",
    ),
    "parked": (
        "timbra recepción para esta persona; guarda el lugar",
        "reception is rung for this caller; keeps the place",
    ),
    "returned": ("espera otra vez en el mismo lugar", "waits again at the old place"),
    "hung up": ("cuelga mientras espera", "hung up while waiting"),
    "left": ("sale de la cola por otro camino", "left the queue by another way"),
    "swapped": (
        "ocupa en la cola el lugar de otra llamada (transferencia)",
        "took another call's place in the queue (a transfer)",
    ),
    "doors": ("la cola {queue} está ahora: {doors}", "queue {queue} is now: {doors}"),
    # --- agents
    "phone": ("el teléfono de {agent} está {state}", "phone of agent {agent} is {state}"),
    "logged in": ("entra a trabajar {agent}{by}", "agent {agent} logged in{by}"),
    "logged out": ("deja de trabajar {agent}{by}", "agent {agent} logged out{by}"),
    "pauses": ("{agent} hace una pausa: {reason}{by}", "agent {agent} paused: {reason}{by}"),
    "ready": ("{agent} está listo{by}", "agent {agent} is ready{by}"),
    "by": (" ({by})", " ({by})"),
    # --- offers
    "offer": (
        "timbra el teléfono de {agent} hasta {seconds} (oferta {offer})",
        "ring agent {agent} for {seconds} (offer {offer})",
    ),
    "leg rings": ("suena el teléfono", "the phone rings"),
    "picked up": ("contesta y oye el susurro", "the agent picked up and hears the whisper"),
    "bridged": ("hablan los dos", "caller and agent talk"),
    "failed": ("la oferta fracasa: {result}", "the offer failed: {result}"),
    "held": ("la persona queda en espera (retención)", "the caller is on hold"),
    "resumed": ("vuelven a hablar{after}", "the hold is over{after}"),
    "after": (", después de {seconds}", ", after {seconds}"),
    "talk over": (
        "cuelga el teléfono del asesor: termina la conversación",
        "the agent's leg hung up: the talk is over",
    ),
    "cancel": ("deja de timbrar {agent}: {why}", "stop ringing agent {agent}: {why}"),
    "closed": ("oferta a {agent}: {result}", "offer to agent {agent}: {result}"),
    "rule": ("regla: {rule}", "rule: {rule}"),
    "also free": ("también libres: {agents}", "also free: {agents}"),
    "removed": ("no {agents}: {why}", "not {agents}: {why}"),
    "more agents": ("y {count} asesores más de la cola", "and {count} more agents of the queue"),
    "overtaken": ("se adelanta a {who}: {why}", "before {who}, who {why}"),
    "at step": ("círculo ampliado hasta el paso {step}", "circle widened to step {step}"),
    "widened": (
        "el círculo se amplía al paso {step}{agents}",
        "the circle widened to step {step}{agents}",
    ),
    "and with it": (": también {agents}", ": {agents} too"),
    "rule pause": (
        "la regla pone en pausa a {agent} ({reason}){until}",
        "agent {agent} is paused by rule ({reason}){until}",
    ),
    "for": (" por {seconds}", " for {seconds}"),
    "until ready": (" hasta que diga que está listo", " until ready"),
    "pause over": ("termina la pausa de {agent}", "the pause of agent {agent} is over"),
    "visit ended": (
        "termina la espera en la cola {queue}: {outcome} después de {seconds}{agent}{why}",
        "visit of queue {queue} {outcome} after {seconds}{agent}{why}",
    ),
    "by agent": (", con {agent}", " by agent {agent}"),
    "wraps up": (
        "{agent} sigue ocupado con la llamada después de {seconds} de conversación",
        "agent {agent} wraps up after {seconds} of talk",
    ),
    "free again": ("{agent} queda libre otra vez", "agent {agent} is free again"),
    "orphan": ("se cuelga una llamada de ninguna oferta", "hang up a leg that no offer knows"),
    "sent back": ("se le envía otra vez al flujo: {why}", "send the caller back into the flow again: {why}"),
    # --- the server
    "looked": ("el servidor mira lo que hay en Asterisk", "looked at what lives in Asterisk"),
    "started": ("arranca el servidor en el nodo {node}", "the server started on node {node}"),
    "link lost": ("se pierde la conexión con Asterisk", "the connection to Asterisk was lost"),
    "tick": ("se cumple un plazo", "a time limit was reached"),
    "reconfigured": ("cambian las colas o los asesores", "queues or agents were changed"),
    "day": ("comienza el día {day}", "the day {day} began"),
    # --- what would have helped
    "summary": (
        "Cola {queue}: esperó {seconds}, {outcome}{agent}{why}. Ofertas: {offers}.",
        "Queue {queue}: waited {seconds}, {outcome}{agent}{why}. Offers: {offers}.",
    ),
    "still waits": ("todavía espera", "still waits"),
    "none": ("ninguna", "none"),
    "offer result": ("{agent} {result}", "{agent} {result}"),
    "sooner": (
        "Qué la habría atendido antes, una sola cosa cada vez:",
        "What would have answered the caller sooner, one thing at a time:",
    ),
    "nothing": (
        "Ninguna cosa sola la habría atendido antes (se probaron {tried}).",
        "Nothing single would have answered the caller sooner ({tried} were tried).",
    ),
    "not tried": (
        "No había nada que probar.",
        "There was nothing to try.",
    ),
    "saved": ("{change}: {saved} antes, a los {wait} ({agent})", "{change}: {saved} sooner, after {wait} ({agent})"),
    "would answer": (
        "{change}: {agent} le habría contestado a los {wait}",
        "{change}: {agent} would have answered after {wait}",
    ),
    "the newcomer": ("el asesor de más", "the additional agent"),
    "not faithful": (
        "(Aproximado: este rato no se puede repetir con exactitud a partir del registro.)",
        "(Approximate: the journal does not let this time be lived again exactly.)",
    ),
    "not whole": ("(Hubo demasiado para probarlo todo.)", "(There was too much to try everything.)"),
    "change not paused": ("sin la pausa de {agents}", "without the pause of {agents}"),
    "change logged in": ("con {agents} trabajando", "with {agents} logged in"),
    "change without wrap-up": (
        "con {agents} libre justo después de hablar",
        "with {agents} free right after the talk",
    ),
    "change logged out": (
        "sin timbrar a {agents}, que no contestó",
        "with {agents} logged out, who did not answer",
    ),
    "change one more agent": ("con un asesor más en la cola", "with one more agent in the queue"),
    "change widened at once": ("ampliando el círculo desde el principio", "with the circle widened at once"),
    "change no head start of others": ("sin prioridad de otros", "without others' head start"),
    "or": (" o ", " or "),
}

_WORDS: Final[Mapping[str, str]] = {
    # whether a talk is recorded
    "no notice": "no oyó el aviso de grabación",
    "declined": "quien llama no quiso",
    "agreed": "quien llama quiso",
    "forced": "es obligatorio",
    "force": "obligatoria",
    "yes": "sí",
    "no": "no",
    "never": "nunca",
    "on demand": "a pedido",
    "not drawn": "no salió en el sorteo",
    "nothing said": "nada lo dispone",
    "no room": "no hay espacio en el disco",
    "disk": "el disco está lleno",
    "impossible": "no fue posible: no había a quién preguntar cuando empezó",
    "direction": "sentido",
    "number": "número",
    "step": "paso",
    "queue": "cola",
    # what the engine and the facts say, as it is in English
    "answered": "contestó",
    "no answer": "no contestó",
    "busy": "ocupado",
    "refused": "rechazó",
    "unreachable": "inalcanzable",
    "cancelled": "retirada",
    "lost": "la persona ya no estaba",
    "unknown": "no se sabe",
    "abandoned": "colgó sin ser atendida",
    "overflowed": "salió de la cola",
    "callback": "se le llamará",
    "left": "salió por otro camino",
    "logged out": "no está trabajando",
    "on another call": "en otra llamada",
    "reserved": "apartado para otra persona",
    "ringing": "le timbra otra llamada",
    "talking": "hablando",
    "on hold": "con otra persona en espera",
    "wrap-up": "terminando otra llamada",
    "paused": "en pausa",
    "resting": "descansa un momento después de no contestar",
    "available": "libre",
    "the strategy took another": "la estrategia prefirió a otro",
    "refused or missed this caller": "ya rechazó o no contestó a esta persona",
    "waits in a queue that this agent does not serve": "espera en una cola que este asesor no atiende",
    "is kept for another agent": "se guarda para otro asesor",
    "has not waited long enough for this agent": "no ha esperado lo suficiente para este asesor",
    "no sign of life": "sin señales de vida",
    "the caller left": "la persona se fue",
    "reception rings for this caller": "timbra recepción para esta persona",
    "answered elsewhere": "contestó otro",
    "another call took the place": "otra llamada ocupó el lugar",
    "waited too long": "esperó demasiado",
    "nobody there": "no hay nadie",
    "nobody logged in": "nadie está trabajando",
    "the last one left": "se fue el último asesor",
    "full": "la cola está llena",
    "closed": "cerrada",
    "open": "abierta",
    "emergency": "emergencia",
    "moved to another queue": "pasó a otra cola",
    "transfer failed": "la transferencia fracasó",
    "not allowed": "no está permitido",
    "last agent": "quien atendió la última vez",
    "transfer": "transferencia",
    "longest idle": "el que lleva más tiempo libre",
    "fewest calls": "el que menos llamadas lleva hoy",
    "least talk time": "el que menos ha hablado hoy",
    "round robin": "por turnos",
    "random": "al azar",
    "linear": "en el orden de la configuración",
    "best skill": "el de mejor habilidad",
    "weighted": "el que menos lleva según su peso",
    "ring all": "timbran todos",
    "ring progressively": "timbra uno más cada vez",
    "blind": "a ciegas",
    "attended": "consultada",
    "feature code": "con código",
    "caller": "quien llama",
    "agent": "el asesor",
    "us": "el sistema",
    "asterisk": "Asterisk",
    "free": "libre",
    "telephone": "por teléfono",
    "command": "por comando",
    "heard": "oído",
    "deleted": "borrado",
    "restored": "recuperado",
    "e-mailed": "enviado por correo",
    "removed": "retirado",
    "found": "encontrado",
    "not found": "no encontrado",
    "too slow": "demasiado lento",
    "failed": "falló",
    "taken": "recibido",
    "gave up": "no lo logró",
}


class Words:
    """The texts in one language."""

    def __init__(self, language: str = "en") -> None:
        """`language` as in site.yaml: `es-CO` speaks Spanish; whatever is not Spanish, English."""
        self.spanish = language.split("-")[0] == "es"

    def __call__(self, text: str, /, **values: object) -> str:
        """A text with its values filled in. Raises KeyError for one that is not there."""
        return _TEXTS[text][0 if self.spanish else 1].format(**values)

    def word(self, word: str) -> str:
        """What the engine, a fact or the configuration says; one that nobody translated is itself."""
        return _WORDS.get(word, word) if self.spanish else word

    def seconds(self, microseconds: int) -> str:
        """A short time."""
        if microseconds < 60_000_000:
            return f"{microseconds / 1e6:.1f} s"
        return f"{microseconds // 60_000_000}:{microseconds // 1_000_000 % 60:02d} min"

    def listed(self, names: list[str], last: str = ", ") -> str:
        """Names one after the other."""
        return ", ".join(names[:-1]) + last + names[-1] if len(names) > 1 else "".join(names)
