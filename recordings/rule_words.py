"""A rule of retention in a person's language. Pure."""

from recordings.periods import Period
from recordings.retention import RetentionRule

_SPANISH = {"queue": "cola", "direction": "dirección", "disposition": "tipificación", "segment": "segmento"}
_DIRECTIONS = {"inbound": "entrante", "outbound": "saliente", "internal": "interna"}
_UNITS = (("years", "año", "años"), ("months", "mes", "meses"), ("days", "día", "días"))


def rule_words(rule: RetentionRule, language: str) -> str:
    """In Spanish `cola cartera: 5 años`, else in English as `str(rule)`."""
    if not language.startswith("es"):
        return str(rule)
    whom = []
    for name, word in _SPANISH.items():
        values: tuple[str, ...] = getattr(rule, name)
        if values:
            whom.append(f"{word} {' o '.join(_DIRECTIONS.get(v, v) if name == 'direction' else v for v in values)}")
    return f"{', '.join(whom) or 'todo lo demás'}: {_period(rule.keep) if rule.keep is not None else 'para siempre'}"


def _period(period: Period) -> str:
    parts = [(getattr(period, unit), one, several) for unit, one, several in _UNITS]
    return " y ".join(f"{many} {one if many == 1 else several}" for many, one, several in parts if many)
