"""The values that variables hold."""

import json

import pytest

from ivr.site.values import Type, from_text


def test_half_a_character_is_no_text_that_a_call_could_carry() -> None:
    assert from_text(json.loads('"\\ud83d\\ude00"'), Type.TEXT) == "\U0001f600"
    with pytest.raises(ValueError, match="not text"):
        from_text(json.loads('"\\ud83d"'), Type.TEXT)
