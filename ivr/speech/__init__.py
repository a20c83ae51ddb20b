"""What the server says by itself: values in recorded words, and the phrases of its dialogs by telephone. Pure.

    words("money", Decimal(1_000_000), "es-CO")     # un millón, de, pesos: three prompts
    counted(3, "new message", "es-CO")              # tres, mensajes nuevos

Every word is a prompt (`palabra_mil`, `word_thousand`), made of its text like any other prompt, so that the voice is
the same; a recording of the same name in prompts.yaml takes its place. There are words in Spanish and in English.
"""

from ivr.speech.phrases import PHRASES
from ivr.speech.spoken import KINDS, can_speak, counted, words
from ivr.speech.tongue import LARGEST, Unspeakable, Words
from ivr.speech.vocabulary import BUILT_IN, WORDS, built_in, reason_prompt, reason_prompts, with_built_in

__all__ = [
    "BUILT_IN",
    "KINDS",
    "LARGEST",
    "PHRASES",
    "WORDS",
    "Unspeakable",
    "Words",
    "built_in",
    "can_speak",
    "counted",
    "reason_prompt",
    "reason_prompts",
    "with_built_in",
    "words",
]
