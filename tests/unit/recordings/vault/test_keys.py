"""Keys: wrapped for the right ones, bound to their recording, each time new."""

import base64
import json

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.vault.keys import (
    DamagedKey,
    Identity,
    OtherRecording,
    WrongKey,
    new_data_key,
    unwrap,
    wrap,
)

NAME = "n1-1795291036.6_000000000002"
SECRETS = [str(pyrage.x25519.Identity.generate()) for _ in range(3)]
ONE, TWO, OTHER = (Identity(secret) for secret in SECRETS)
KEY = bytes(range(32))
WRAPPED = wrap(KEY, NAME, [ONE.recipient])


def test_a_key_is_opened_by_each_of_its_recipients_and_by_nobody_else() -> None:
    wrapped = wrap(KEY, NAME, [ONE.recipient, TWO.recipient, ONE.recipient])
    assert unwrap(wrapped, NAME, [ONE]) == unwrap(wrapped, NAME, [OTHER, TWO]) == KEY
    with pytest.raises(WrongKey, match=f"{NAME}.*wrapped for others than {OTHER.recipient}"):
        unwrap(wrapped, NAME, [OTHER])
    with pytest.raises(WrongKey, match="nobody"):
        unwrap(wrapped, NAME, [])


def test_a_key_of_another_recording_is_refused() -> None:
    with pytest.raises(OtherRecording, match=r"beside 'another'.*is another recording's, 'n1-"):
        unwrap(wrap(KEY, NAME, [ONE.recipient]), "another", [ONE])


def test_keys_are_new_each_time() -> None:
    assert len({new_data_key() for _ in range(100)}) == 100 and len(new_data_key()) == 32
    assert wrap(KEY, NAME, [ONE.recipient]) != wrap(KEY, NAME, [ONE.recipient])


def test_age_alone_shows_what_was_wrapped() -> None:
    shown = pyrage.decrypt(wrap(KEY, NAME, [ONE.recipient]), [pyrage.x25519.Identity.from_str(SECRETS[0])])
    assert json.loads(shown) == {
        "centralita": "recording key 1",
        "recording": NAME,
        "key": base64.b64encode(KEY).decode(),
    }


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_a_wrapped_key_that_was_altered_is_noticed(data: st.DataObject) -> None:
    wrapped = bytearray(WRAPPED)
    wrapped[data.draw(st.integers(0, len(wrapped) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises((DamagedKey, WrongKey)):
        unwrap(bytes(wrapped), NAME, [ONE])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b'{"centralita": "recording key 1"}',
        b'{"centralita": "recording key 1", "recording": "%s", "key": "AAAA"}' % NAME.encode(),
        b'{"centralita": "recording key 1", "recording": "%s", "key": 7}' % NAME.encode(),
        b'{"centralita": "recording key 1", "recording": "%s", "key": "***"}' % NAME.encode(),
        b'{"centralita": "else", "recording": "%s", "key": "%s"}' % (NAME.encode(), base64.b64encode(KEY)),
    ],
)
def test_what_is_no_key_of_ours_is_refused(content: bytes) -> None:
    """Anybody can encrypt to a public recipient."""
    wrapped = pyrage.encrypt(content, [pyrage.x25519.Recipient.from_str(ONE.recipient.text)])
    with pytest.raises(DamagedKey):
        unwrap(wrapped, NAME, [ONE])


def test_a_wrapped_key_has_a_bound() -> None:
    with pytest.raises(DamagedKey, match="at most 16384 bytes"):
        unwrap(bytes(16385), NAME, [ONE])


def test_nothing_is_wrapped_that_could_not_be_opened() -> None:
    with pytest.raises(ValueError, match="for nobody"):
        wrap(KEY, NAME, [])
    with pytest.raises(ValueError, match="name has 1 to 255"):
        wrap(KEY, "", [ONE.recipient])
    with pytest.raises(ValueError, match="32 bytes, not 4"):
        wrap(b"1234", NAME, [ONE.recipient])
