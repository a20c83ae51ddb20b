"""The sentences of dialogs by telephone that come with the server: leaving and hearing messages, opening and
closing, agents who log in and pause.

Each has a text in every language that the server speaks. A prompt of the same name in prompts.yaml takes its place.
"""

from collections.abc import Mapping
from typing import Final

_VOICEMAIL = {
    "phrase_leave_message": {
        "es": "En este momento no podemos atenderle. Por favor, deje su mensaje después del tono.",
        "en": "We cannot take your call at the moment. Please leave your message after the tone.",
    },
    "phrase_message_review": {
        "es": "Para dejar el mensaje, marque uno. Para oírlo, marque dos. Para grabarlo de nuevo, marque tres.",
        "en": "To keep the message, press one. To listen to it, press two. To record it again, press three.",
    },
    "phrase_message_kept": {
        "es": "Gracias. Hemos recibido su mensaje.",
        "en": "Thank you. We have received your message.",
    },
    "phrase_nothing_said": {
        "es": "No oímos ningún mensaje.",
        "en": "We did not hear a message.",
    },
    "phrase_mailbox_full": {
        "es": "El buzón está lleno. En este momento no podemos recibir su mensaje.",
        "en": "The mailbox is full. We cannot take your message at the moment.",
    },
    "phrase_message_failed": {
        "es": "Lo sentimos, en este momento no podemos recibir su mensaje.",
        "en": "We are sorry, we cannot take your message at the moment.",
    },
}

_DOOR = {
    "phrase_enter_mailbox": {
        "es": "Marque el número del buzón y termine con la tecla numeral.",
        "en": "Enter the number of the mailbox, and end with the pound key.",
    },
    "phrase_enter_pin": {
        "es": "Marque su clave y termine con la tecla numeral.",
        "en": "Enter your PIN, and end with the pound key.",
    },
    "phrase_wrong_pin": {
        "es": "La clave no es correcta.",
        "en": "That PIN is not correct.",
    },
    "phrase_locked": {
        "es": "Hubo demasiados intentos. Vuelva a llamar más tarde.",
        "en": "There were too many tries. Please call again later.",
    },
    "phrase_not_available": {
        "es": "Esta función no está disponible en este teléfono.",
        "en": "This function is not available at this telephone.",
    },
    "phrase_failed": {
        "es": "Lo sentimos, no se pudo hacer. Intente de nuevo más tarde.",
        "en": "We are sorry, that could not be done. Please try again later.",
    },
    "phrase_no_key": {
        "es": "No marcó ninguna opción.",
        "en": "You did not press a key.",
    },
    "phrase_wrong_key": {
        "es": "Esa opción no es válida.",
        "en": "That is not an option.",
    },
    "phrase_goodbye": {
        "es": "Hasta luego.",
        "en": "Goodbye.",
    },
}

_INBOX = {
    "phrase_you_have": {
        "es": "Tiene",
        "en": "You have",
    },
    "phrase_no_messages": {
        "es": "No tiene mensajes.",
        "en": "You have no messages.",
    },
    "phrase_no_more_messages": {
        "es": "No tiene más mensajes.",
        "en": "You have no more messages.",
    },
    "phrase_message_received": {
        "es": "Mensaje recibido el",
        "en": "Message received on",
    },
    "phrase_at": {
        "es": "a",
        "en": "at",
    },
    "phrase_message_from": {
        "es": "del número",
        "en": "from the number",
    },
    "phrase_number_withheld": {
        "es": "de un número oculto.",
        "en": "from a withheld number.",
    },
    "phrase_message_menu": {
        "es": "Para repetir el mensaje, marque uno. Para el siguiente, marque dos. Para el anterior, marque tres. "
        "Para borrarlo, marque siete. Para terminar, marque asterisco.",
        "en": "To hear the message again, press one. For the next one, press two. For the one before, press three. "
        "To delete it, press seven. To end, press star.",
    },
    "phrase_message_deleted": {
        "es": "Mensaje borrado.",
        "en": "Message deleted.",
    },
}

_OVERRIDES = {
    "phrase_now_open": {
        "es": "El horario está ahora en abierto.",
        "en": "The line is now set to open.",
    },
    "phrase_now_closed": {
        "es": "El horario está ahora en cerrado.",
        "en": "The line is now set to closed.",
    },
    "phrase_now_emergency": {
        "es": "El horario está ahora en emergencia.",
        "en": "The line is now set to emergency.",
    },
    "phrase_now_timetable": {
        "es": "El horario es ahora el de siempre.",
        "en": "The line now follows its timetable.",
    },
    "phrase_override_menu": {
        "es": "Para abrir, marque uno. Para cerrar, marque dos. Para una emergencia, marque tres. "
        "Para volver al horario de siempre, marque cero.",
        "en": "To open, press one. To close, press two. For an emergency, press three. "
        "To go back to the timetable, press zero.",
    },
    "phrase_override_hours": {
        "es": "¿Por cuántas horas? Marque el número y termine con la tecla numeral. "
        "Si es hasta nueva orden, marque solo la tecla numeral.",
        "en": "For how many hours? Enter the number, and end with the pound key. "
        "Until further notice, press only the pound key.",
    },
    "phrase_override_until": {
        "es": "Hasta el",
        "en": "Until",
    },
    "phrase_override_until_further_notice": {
        "es": "Hasta nueva orden.",
        "en": "Until further notice.",
    },
    "phrase_record_emergency": {
        "es": "Grabe el anuncio después del tono y termine con la tecla numeral.",
        "en": "Record the announcement after the tone, and end with the pound key.",
    },
    "phrase_record_review": {
        "es": "Para usar el anuncio, marque uno. Para oírlo, marque dos. Para grabarlo de nuevo, marque tres. "
        "Para dejar todo como estaba, marque asterisco.",
        "en": "To use the announcement, press one. To listen to it, press two. To record it again, press three. "
        "To leave everything as it was, press star.",
    },
    "phrase_nothing_changed": {
        "es": "No se cambió nada.",
        "en": "Nothing was changed.",
    },
}

_AGENTS = {
    "phrase_logged_in": {
        "es": "Sesión iniciada. Ya puede recibir llamadas.",
        "en": "You are logged in, and will get calls.",
    },
    "phrase_logged_out": {
        "es": "Sesión cerrada. No recibirá llamadas.",
        "en": "You are logged out. You will get no calls.",
    },
    "phrase_paused": {
        "es": "Está en pausa.",
        "en": "You are paused.",
    },
    "phrase_ready": {
        "es": "Está disponible.",
        "en": "You are ready for calls.",
    },
    "phrase_recording_on": {
        "es": "La llamada se está grabando.",
        "en": "The call is being recorded.",
    },
    "phrase_recording_paused": {
        "es": "La grabación está en pausa.",
        "en": "The recording is paused.",
    },
    "phrase_recording_off": {
        "es": "La llamada no se graba.",
        "en": "The call is not being recorded.",
    },
    "phrase_pause_reason": {
        "es": "¿Por qué hace una pausa?",
        "en": "Why do you pause?",
    },
    "phrase_log_in_first": {
        "es": "Primero inicie sesión: marque asterisco, cuatro, uno.",
        "en": "Log in first: dial star, four, one.",
    },
    "phrase_accept_call": {
        "es": "Tiene una llamada de un cliente. Para atenderla, marque uno.",
        "en": "You have a call from a customer. To take it, press one.",
    },
    "phrase_no_agent": {
        "es": "Este teléfono no pertenece a ningún asesor.",
        "en": "This telephone does not belong to an agent.",
    },
}

_DIRECTORY = {
    "phrase_for": {"es": "Para", "en": "For"},
    "phrase_press": {"es": "marque", "en": "press"},
    "phrase_press_1": {"es": "marque uno.", "en": "press one."},
    "phrase_press_2": {"es": "marque dos.", "en": "press two."},
    "phrase_press_3": {"es": "marque tres.", "en": "press three."},
    "phrase_press_4": {"es": "marque cuatro.", "en": "press four."},
    "phrase_press_5": {"es": "marque cinco.", "en": "press five."},
    "phrase_press_6": {"es": "marque seis.", "en": "press six."},
    "phrase_press_7": {"es": "marque siete.", "en": "press seven."},
    "phrase_press_8": {"es": "marque ocho.", "en": "press eight."},
    "phrase_press_9": {"es": "marque nueve.", "en": "press nine."},
}

PHRASES: Final[Mapping[str, Mapping[str, str]]] = {
    **_VOICEMAIL,
    **_DOOR,
    **_INBOX,
    **_OVERRIDES,
    **_AGENTS,
    **_DIRECTORY,
}
"""Name of the prompt: language (its first part): text."""
