"""The prompts that come with the server: the recorded words, and the phrases of dialogs by telephone. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from ivr.site import Prompt
from ivr.speech.phrases import PHRASES
from ivr.speech.spoken import TONGUES

WORDS: Final = frozenset(name for tongue in TONGUES.values() for name in tongue.vocabulary)
"""Names of the words that stand beside each other in what is said: they are made without silence around them."""

BUILT_IN: Final = WORDS | PHRASES.keys()
"""Names of all prompts that come with the server."""

_TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    name: {code: text} for code, tongue in TONGUES.items() for name, text in tongue.vocabulary.items()
} | dict(PHRASES)


def built_in(languages: Iterable[str]) -> dict[str, Prompt]:
    """The server's own prompts in a site's languages (`es-CO` takes the Spanish ones); what nobody needs is left
    out."""
    wanted = tuple(languages)
    found: dict[str, Prompt] = {}
    for name, texts in _TEXTS.items():
        said = {language: texts[code] for language in wanted if (code := language.split("-")[0]) in texts}
        if said:
            found[name] = Prompt(texts=said, recordings={})
    return found


def with_built_in(own: Mapping[str, Prompt], languages: Iterable[str]) -> dict[str, Prompt]:
    """A site's own prompts with the server's beside them. An own prompt of the same name wins in each language that
    it has: so a studio records the words, one by one or all."""
    joined = built_in(languages)
    for name, prompt in own.items():
        theirs = joined[name].texts if name in joined else {}
        texts = {language: text for language, text in theirs.items() if language not in prompt.languages}
        joined[name] = Prompt(texts={**texts, **prompt.texts}, recordings=prompt.recordings)
    return joined


def reason_prompts(reasons: Mapping[int, str], languages: Iterable[str]) -> dict[str, Prompt]:
    """The prompts that say the site's reasons for a pause: they have one wording, whatever language is spoken."""
    return {
        reason_prompt(number): Prompt(texts=dict.fromkeys(languages, reason), recordings={})
        for number, reason in reasons.items()
    }


def reason_prompt(number: int) -> str:
    """The built-in prompt that says a reason for a pause; a recording of this name in prompts.yaml replaces it."""
    return f"pause_reason_{number}"
