"""The recogniser is given sounds made here: babble that differs by name, and music whose second tells the position."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.testing.ears import Ears, Heard, merged, music_gaps, tones
from ivr.testing.phone import g711

RATE = g711.RATE


def babble(seed: int, seconds: float) -> np.ndarray:
    """Noise of changing pitch and loudness, with pauses: as hard as speech."""
    source = np.random.default_rng(seed)
    count = round(seconds * RATE)
    noise = np.convolve(source.normal(0, 4000, count), np.ones(6) / 6, "same")
    loudness = np.repeat(source.choice([0.0, 0.4, 1.0, 1.6], count // 1600 + 1, p=[0.2, 0.3, 0.3, 0.2]), 1600)[:count]
    return (noise * loudness).astype(np.int16)


def melody(seconds: int) -> np.ndarray:
    """One chord a second, so that the position can be heard."""
    pitches = [200 + 13 * ((7 * second) % seconds) for second in range(seconds)]
    return np.concatenate([g711.tone(pitch, 1.0, 3000) + g711.tone(1.5 * pitch, 1.0, 3000) for pitch in pitches])


SOUNDS = {"welcome": babble(1, 3.2), "notice": babble(2, 4.1), "menu": babble(3, 6.05), "music": melody(20)}
EARS = Ears(SOUNDS)


def line(*parts: np.ndarray | float) -> np.ndarray:
    """Audio as a phone hears it: a number is a silence in seconds; everything went through mu-law."""
    pieces = [np.zeros(round(part * RATE), np.int16) if isinstance(part, float) else part for part in parts]
    return g711.decode(g711.encode(np.concatenate(pieces)))


def short(heard: list[Heard]) -> list[tuple[str, float, float, float]]:
    return [(h.name, round(h.at, 1), round(h.offset, 1), round(h.duration, 1)) for h in heard]


def test_prompts_are_named_in_order_with_their_times() -> None:
    heard = EARS.listen(line(0.333, SOUNDS["welcome"], SOUNDS["notice"], 0.5, SOUNDS["menu"]))
    assert [h.name for h in heard] == ["welcome", "notice", "menu"]
    assert all(h.whole for h in heard)
    assert [h.at for h in heard] == pytest.approx([0.333, 3.533, 8.133], abs=0.1)


def test_a_prompt_that_was_cut_shows_how_much_was_heard() -> None:
    heard = EARS.listen(line(SOUNDS["menu"][: round(2.34 * RATE)], 0.4, SOUNDS["welcome"]))
    assert [(h.name, h.whole) for h in heard] == [("menu", False), ("welcome", True)]
    assert heard[0].duration == pytest.approx(2.34, abs=0.25)


def test_music_that_goes_on_where_it_was_has_only_the_gap_of_the_announcement() -> None:
    music, at = SOUNDS["music"], round(4.56 * RATE)
    heard = EARS.listen(line(music[:at], SOUNDS["welcome"], music[at : at + 3 * RATE]))
    assert [h.name for h in heard] == ["music", "welcome", "music"]
    assert heard[2].offset == pytest.approx(4.56, abs=0.1)


def test_music_gaps_finds_silence_and_jumps_and_forgives_the_round() -> None:
    music = SOUNDS["music"]
    assert music_gaps(EARS.listen(line(music[15 * RATE :], music[: 3 * RATE])), ["music"]) == []
    assert music_gaps(EARS.listen(line(music[: 5 * RATE])), ["music"]) == []
    [(when, seconds)] = music_gaps(EARS.listen(line(music[: 4 * RATE], 0.7, music[4 * RATE : 8 * RATE])), ["music"])
    assert (when, seconds) == (pytest.approx(4, abs=0.1), pytest.approx(0.7, abs=0.12))
    [(_, skipped)] = music_gaps(EARS.listen(line(music[: 4 * RATE], music[6 * RATE : 8 * RATE])), ["music"])
    assert skipped == pytest.approx(2, abs=0.12)


def test_unknown_sound_gets_no_name() -> None:
    assert EARS.listen(line(babble(99, 3.0), g711.tone(1234, 1.0))) == []


def test_what_is_fed_bit_by_bit_is_heard_the_same() -> None:
    audio = line(0.1, SOUNDS["welcome"], SOUNDS["notice"][: 2 * RATE], SOUNDS["music"][3 * RATE : 7 * RATE])
    listener = EARS.follow()
    names = set()
    for start in range(0, len(audio), 160):
        listener.feed(audio[start : start + 160])
        names.add(listener.current.name if listener.current else "")
    listener.finish()
    assert short(listener.heard) == short(EARS.listen(audio))
    assert names == {"", "welcome", "notice", "music"}


def test_two_voices_at_once_are_told_apart_by_their_tones() -> None:
    both = line(g711.tone(500, 1.0) + g711.tone(1100, 1.0, 6000), g711.tone(500, 0.5))
    found = tones(both, [500, 1100, 2000])
    assert found[500] == pytest.approx(1.5, abs=0.1)
    assert found[1100] == pytest.approx(1.0, abs=0.1)
    assert found[2000] == 0


def test_stretches_of_one_playing_are_joined() -> None:
    first, second = Heard("music", 1.0, 5.0, 2.0, 20.0), Heard("music", 3.4, 7.4, 1.0, 20.0)
    assert merged([first, second]) == [Heard("music", 1.0, 5.0, pytest.approx(3.4), 20.0)]
    assert merged([first, Heard("music", 3.4, 0.0, 1.0, 20.0)])[1].offset == 0.0


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_spoken_menus_that_share_words_are_not_mixed_up(tmp_path: Path) -> None:
    texts = {
        "menu": "Para servicio al cliente oprima uno. Para tesorería oprima dos. Para cartera oprima tres.",
        "retry": "No le escuché. Para servicio al cliente oprima uno.",
        "wrong": "Opción inválida. Para tesorería oprima dos.",
    }
    sounds = {}
    for name, text in texts.items():
        spoken, ready = tmp_path / f"{name}-22k.wav", tmp_path / f"{name}.wav"
        subprocess.run(["espeak-ng", "-v", "es-419", "-w", spoken, text], check=True)
        samples, rate = soundfile.read(spoken)
        places = np.arange(0, len(samples), rate / RATE)
        soundfile.write(ready, np.interp(places, np.arange(len(samples)), samples), RATE, subtype="PCM_16")
        sounds[name] = ready
    ears = Ears(sounds)
    heard = ears.listen(line(0.2, ears.sounds["menu"], ears.sounds["wrong"], 0.2, ears.sounds["retry"]))
    assert [(h.name, h.whole) for h in heard] == [("menu", True), ("wrong", True), ("retry", True)]


def test_a_prompt_that_stopped_for_a_moment_is_one_and_music_that_did_so_is_two() -> None:
    """A busy machine delivers the rest of a prompt late; a gap in the music is what the tests look for."""
    first, second = Heard("aviso", 1.0, 0.0, 1.0, 3.0), Heard("aviso", 2.4, 1.0, 2.0, 3.0)
    (joined,) = merged([first, second])
    assert joined.whole and joined.duration == pytest.approx(3)
    assert len(merged([first, replace(second, at=3.1)])) == 2, "more than a second later"
    assert len(merged([first, replace(second, offset=0.0)])) == 2, "from its beginning again"
    assert len(merged([replace(first, name="music"), replace(second, name="music")])) == 2
