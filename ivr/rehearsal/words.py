"""What `ivr try` and `ivr diff` say, in the site's language: Spanish, else English. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    # --- states and outcomes
    "open": ("abierto", "open"),
    "closed": ("cerrado", "closed"),
    "emergency": ("emergencia", "emergency"),
    "found": ("encontrado", "found"),
    "not found": ("no encontrado", "not found"),
    "too slow": ("demasiado lento", "too slow"),
    "failed": ("falló", "failed"),
    "answered": ("contestan; luego cuelga quien atendió", "answered; then whoever answered hangs up"),
    "no answer": ("nadie contesta", "nobody answers"),
    "busy": ("ocupado", "busy"),
    "unreachable": ("el teléfono no está", "the phone is not there"),
    "nobody there": ("no hay ningún asesor", "no agent is there"),
    "waited too long": ("esperó demasiado", "waited too long"),
    "silence": ("silencio", "silence"),
    "limit": ("el máximo", "the limit"),
    "key": ("una tecla", "a key"),
    "hang up": ("colgó", "hung up"),
    "full": ("no cabe más", "it is full"),
    "nobody logged in": ("nadie tiene la sesión abierta", "nobody is logged in"),
    "the last one left": ("el último asesor cerró su sesión", "the last agent logged out"),
    # --- try
    "call to": ("Llamada al {number} ({label})", "Call to {number} ({label})"),
    "call of": ("Llamada al flujo {flow}", "Call to the flow {flow}"),
    "who": ("Llama {number}", "The caller is {number}"),
    "withheld": ("Llama un número oculto", "The caller's number is withheld"),
    "lists": ("en las listas: {names}", "on the lists: {names}"),
    "segment": ("segmento {name}", "segment {name}"),
    "blocked": ("bloqueado", "blocked"),
    "missing": ("[no hay {prompt} en {language}]", "[there is no {prompt} in {language}]"),
    "uncut": ("sin interrupción", "cannot be cut"),
    "cut": ("marca {key} mientras oye", "presses {key} meanwhile"),
    "file": ("[un mensaje grabado por teléfono]", "[a message recorded by telephone]"),
    "pressed": ("marca {keys}", "presses {keys}"),
    "nothing pressed": ("no marca nada", "presses nothing"),
    "again": ("se le pregunta otra vez", "is asked again"),
    "leads": ("{key} lleva a {then}", "{key} leads to {then}"),
    "wrong key": ("{key} no está en el menú", "{key} is not in the menu"),
    "opening": ("{timetable}: {state}", "{timetable}: {state}"),
    "way": ("condición {way}: lleva a {then}", "condition {way}: leads to {then}"),
    "none holds": ("ninguna condición se cumple: lleva a {then}", "no condition holds: leads to {then}"),
    "asked": ("consulta {source}: {outcome}", "look-up {source}: {outcome}"),
    "language": ("sigue en {language}", "goes on in {language}"),
    "spoke": ("habla {seconds:.0f} s ({ended})", "speaks for {seconds:.0f} s ({ended})"),
    "unrecorded": ("no se graba nada: {ended}", "nothing is recorded: {ended}"),
    "left": ("el mensaje queda en el buzón {mailbox}", "the message lies in the mailbox {mailbox}"),
    "complaint": ("¡FALLA! {problem}: {detail}", "FAULT! {problem}: {detail}"),
    "waits": ("espera en la cola {queue}; atienden: {agents}", "waits in the queue {queue}; served by: {agents}"),
    "recorded": ("se graba", "recorded"),
    "rings": ("timbra {extension} ({label}) hasta {seconds} s", "{extension} ({label}) rings for up to {seconds} s"),
    "back": ("vuelve: {how}", "comes back: {how}"),
    "end": ("Fin: {how}.", "End: {how}."),
    "end queue": ("en la cola {name}", "in the queue {name}"),
    "end extension": ("timbra la extensión {name}", "extension {name} rings"),
    "end hang up": ("colgamos ({name})", "we hang up ({name})"),
    "end hung up": ("la persona colgó", "the caller hung up"),
    "end endless": ("la llamada no termina nunca", "the call never ends"),
    "end message": ("{how}; dejó un mensaje en {mailbox}", "{how}; left a message in {mailbox}"),
    "end return": ("vuelve a quien llamó el flujo", "returns to whoever called the flow"),
    "end return exit": ("vuelve por {name}", "returns by {name}"),
    "values": ("Variables: {values}", "Variables: {values}"),
    "left over": ("No se pidió lo que quedaba: {keys}", "Nobody asked for what was left: {keys}"),
    # --- questions of try
    "key?": ("  ¿Tecla? (Intro = ninguna, c = cuelga)", "  Key? (Enter = none, h = hang up)"),
    "digits?": ("  ¿Dígitos? (Intro = ninguno, c = cuelga)", "  Digits? (Enter = none, h = hang up)"),
    "how?": ("  ¿Qué pasa? {choices}", "  What happens? {choices}"),
    "here": ("hasta aquí", "stop here"),
    "answer?": ("  ¿{name} ({type})?", "  {name} ({type})?"),
    "message?": (
        "  ¿Cuántos segundos habla? (0 = nada, c = cuelga)",
        "  Speaks how many seconds? (0 = nothing, h = hangs up)",
    ),
    "not that": ("  Eso no se puede: {why}", "  Not possible: {why}"),
    # --- diff
    "same": ("Quien llama no nota ninguna diferencia.", "Callers notice no difference."),
    "old": ("antes", "before"),
    "new": ("ahora", "now"),
    "numbers": ("Números", "Numbers"),
    "hours": ("Horarios", "Opening hours"),
    "ways": ("Lo que oyen y adónde llegan", "What callers hear and where they come to"),
    "prompts": ("Textos", "Texts"),
    "queues": ("Colas", "Queues"),
    "mailboxes": ("Buzones", "Mailboxes"),
    "lists header": ("Listas", "Lists"),
    "number new": ("{number} ({label}) es nuevo; atiende {flow}", "{number} ({label}) is new; {flow} answers it"),
    "number gone": ("{number} ({label}) ya no existe", "{number} ({label}) is gone"),
    "number flow": (
        "{number} lo atendía {old}; ahora lo atiende {new}",
        "{number} was answered by {old}; now {new} answers it",
    ),
    "day": ("{timetable}, {day}: antes {old}, ahora {new}", "{timetable}, {day}: before {old}, now {new}"),
    "holiday": ("festivos", "holidays"),
    "timetable new": ("{timetable} es nuevo", "{timetable} is new"),
    "timetable gone": ("{timetable} ya no existe", "{timetable} is gone"),
    "nothing": ("nada", "nothing"),
    "hears": ("oye {what}", "hears {what}"),
    "asks key": ("se le pide una tecla", "is asked for a key"),
    "asks digits": ("se le piden dígitos", "is asked for digits"),
    "is source": ("se consulta {name}", "{name} is looked up"),
    "nothing more": ("nada más", "nothing more"),
    "at step": ("en {step} {what}", "at {step} {what}"),
    "in queue": ("en la cola {name}: {how}", "in the queue {name}: {how}"),
    "at phone": ("la extensión {name}: {how}", "extension {name}: {how}"),
    "and more": ("{numbers} y {count} más", "{numbers} and {count} more"),
    "plain": ("{what}: antes {old}, ahora {new}", "{what}: before {old}, now {new}"),
    "text": ("{prompt} ({language}): antes {old}, ahora {new}", "{prompt} ({language}): before {old}, now {new}"),
    "is new": ("{what}: es nuevo", "{what}: is new"),
    "is gone": ("{what}: ya no existe", "{what}: is gone"),
    "entries": ("{what}: antes {old} líneas, ahora {new}", "{what}: before {old} lines, now {new}"),
    "asked differently": ("{what}: se consulta de otra manera", "{what}: is asked in another way"),
    "as always": ("como siempre", "as always"),
    "holiday new": ("{day} es festivo ({name})", "{day} is a holiday ({name})"),
    "holiday gone": ("{day} ya no es festivo ({name})", "{day} is no longer a holiday ({name})"),
    "look-ups": ("Consultas", "Look-ups"),
    "lines": ("líneas", "lines"),
    "reception": ("recepción", "reception"),
    "anonymous": ("números ocultos", "withheld numbers"),
    "phones": ("teléfonos", "phones"),
    "e-mail": ("correo", "e-mail"),
    "longest": ("mensaje más largo", "longest message"),
    "label": ("nombre", "name"),
    "refused": ("rechazada", "refused"),
    "all queues": ("todas las colas", "all queues"),
    "strategy": ("estrategia", "strategy"),
    "widen": ("se amplía", "widens"),
    "weight": ("peso", "weight"),
    "ring": ("timbra", "ring"),
    "ring another after": ("timbra otro a los", "ring another after"),
    "most callers": ("personas en la fila, a lo sumo", "most callers"),
    "nobody there after": ("nadie disponible, a los", "nobody there after"),
    "timetable": ("horario", "timetable"),
    "last agent": ("asesor de la última vez", "agent of last time"),
    "regain": ("recupera el puesto", "place regained within"),
    "service level": ("nivel de servicio", "service level"),
    "position": ("oye su puesto", "hears the place"),
    "screen pop": ("ventana en pantalla", "screen pop"),
    "screen pops": ("ventanas en pantalla", "screen pops"),
    "begins logged in": ("empieza con sesión", "begins logged in"),
    "outside": ("número de afuera", "number outside"),
    "again after": ("otra vez a los", "again after"),
    "rest": ("descansa", "rest"),
    "pause after": ("pausa después de", "pause after"),
    "pause for": ("pausa de", "pause for"),
    "address": ("dirección", "address"),
    "at most": ("a lo sumo", "at most"),
    "tries": ("intentos", "tries"),
    "priority is worth": ("la prioridad vale", "priority is worth"),
    "pause reasons": ("motivos de pausa", "pause reasons"),
    "wrap-up": ("tiempo del asesor después", "wrap-up"),
    "longest wait": ("espera más larga", "longest wait"),
    "announce": ("anuncio", "announcement"),
    "announce every": ("anuncio cada", "announcement every"),
    "whisper": ("susurro al asesor", "whisper"),
    "record": ("grabación", "recording"),
    "recordings": ("Grabaciones", "Recordings"),
    "kept shorter": (
        "¡ATENCIÓN! «{old}» pasa a «{new}»: se eliminará antes, para siempre. Cuando rija, y antes de las horas "
        "tranquilas, mire cuántas de una vez: ivr recordings retention",
        "WARNING! '{old}' becomes '{new}': deleted earlier, for ever. How many at once, when it is in force and before "
        "the quiet hours: ivr recordings retention",
    ),
    "held queue gone": (
        "¡ATENCIÓN! la cola {queue} ya no existe: una retención sobre ella no cubre lo que otra cola grabe desde "
        "ahora; mire: ivr recordings holds",
        "WARNING! the queue {queue} is gone: a hold over it does not cover what another queue records from now on; "
        "see: ivr recordings holds",
    ),
    "notice gone": (
        "¡ATENCIÓN! ningún flujo da ya el aviso {prompt}: sin aviso oído no se graba a nadie; mire: ivr prove",
        "WARNING! no flow plays the notice {prompt} any more: who has heard none is not recorded; see: ivr prove",
    ),
    "notice changed": (
        "¡ATENCIÓN! el aviso {prompt} dice otra cosa: desde ahora se autoriza otra versión",
        "WARNING! the notice {prompt} says something else: from now on callers agree to another version",
    ),
    "no rule": ("sin regla", "no rule"),
    "number": ("número", "number"),
    "agent": ("asesor", "agent"),
    "direction": ("dirección", "direction"),
    "format": ("formato", "format"),
    "kept for": ("se guardan", "kept for"),
    "dispositions": ("tipificaciones", "dispositions"),
    "quiet hours": ("horas tranquilas", "quiet hours"),
    "deletions an hour": ("eliminaciones por hora", "deletions an hour"),
    "copies": ("copias en", "copies to"),
    "copies every": ("copias cada", "copies every"),
    "copies proved": ("prueba de las copias", "proof of the copies"),
    "archive": ("archivo", "archive"),
    "days until full": ("avisa: días hasta llenarse", "alarm: days until full"),
    "disk free below": ("avisa: disco libre por debajo de", "alarm: disk free below"),
    "stop recording below": ("no graba: disco libre por debajo de", "no recording: disk free below"),
    "is queue": ("espera en la cola {name}", "waits in the queue {name}"),
    "is extension": ("timbra la extensión {name}", "extension {name} rings"),
    "is hang up": ("se cuelga ({name})", "is hung up ({name})"),
    "is endless": ("no termina nunca", "never ends"),
    "is message": ("graba un mensaje en {name}", "records a message in {name}"),
    "on arrival": ("al llegar", "on arrival"),
    "no key": ("no marca nada", "presses nothing"),
    "enters": ("marca los dígitos", "enters the digits"),
    "enters nothing": ("no marca dígitos", "enters no digits"),
    "speaks": ("deja un mensaje", "leaves a message"),
    "says nothing": ("no dice nada", "says nothing"),
    "holds": ("si {condition}", "if {condition}"),
    "does not hold": ("si no se cumple {condition}", "if not {condition}"),
    "source": ("{source}: {outcome}", "{source}: {outcome}"),
    "recording": ("grabación {file}", "recording {file}"),
    "queue new": ("{queue} es nueva", "{queue} is new"),
    "queue gone": ("{queue} ya no existe", "{queue} is gone"),
    "serve more": ("{queue}: ahora también atiende {who}", "{queue}: now {who} serves it, too"),
    "serve less": ("{queue}: ya no atiende {who}", "{queue}: {who} no longer serves it"),
    "level": ("{queue}: {who} antes en nivel {old}, ahora {new}", "{queue}: {who} was at level {old}, now at {new}"),
    "setting": ("{queue}: {what} antes {old}, ahora {new}", "{queue}: {what} before {old}, now {new}"),
    "yes": ("sí", "yes"),
    "no": ("no", "no"),
    "cut short": (
        "La comparación se detuvo después de {count} situaciones; puede haber más diferencias.",
        "The comparison stopped after {count} situations; there may be more differences.",
    ),
}

_DAYS = {
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


class Words:
    """The texts in one language."""

    def __init__(self, language: str) -> None:
        """`language` as in site.yaml: `es-CO` speaks Spanish; whatever is not Spanish, English."""
        self.spanish = language.split("-")[0] == "es"

    def __call__(self, text: str, /, **values: object) -> str:
        """A text with its values filled in; a word that nobody translated is itself."""
        texts = _TEXTS.get(text)
        if texts is None:
            return text
        return texts[0 if self.spanish else 1].format(**values)

    def how(self, outcome: str) -> str:
        """How a call comes back: a word, or `key 5`."""
        word, _, key = outcome.partition(" ")
        return self("pressed", keys=key) if word == "key" else self(outcome)

    def day(self, weekday: int) -> str:
        """A day of the week, 0 = Monday."""
        return _DAYS["es" if self.spanish else "en"][weekday]

    def moment(self, local: datetime) -> str:
        """A date with its day of the week, and the time."""
        return f"{self.day(local.weekday())} {local:%Y-%m-%d %H:%M}"
