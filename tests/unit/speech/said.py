"""What is heard when a value is said: the texts of its words."""

from ivr.site.values import Value
from ivr.speech import built_in, words


def said(kind: str, value: Value, language: str) -> str:
    """The sentence."""
    prompts = built_in((language,))
    return " ".join(prompts[word].texts[language] for word in words(kind, value, language))
