"""Prompts are made once, each in the telephone's format, and a change of words makes a new file."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.install import music
from ivr.install.sounds import PromptFiles
from ivr.site import Prompt


def prompt(text: str = "", recording: str = "") -> Prompt:
    return Prompt(texts={"es-CO": text} if text else {}, recordings={"es-CO": recording} if recording else {})


def made(folder: Path, **prompts: Prompt) -> PromptFiles:
    files = PromptFiles(prompts, folder, folder / "sounds")
    assert files.make() == ()
    return files


def studio(file: Path, hertz: float = 440) -> None:
    """A stereo recording at 44.1 kHz, as a studio delivers it."""
    time = np.arange(44100) / 44100
    soundfile.write(file, np.stack([0.1 * np.sin(2 * np.pi * hertz * time)] * 2, axis=1), 44100)


def test_a_text_is_spoken_in_the_telephones_format(tmp_path: Path) -> None:
    files = made(tmp_path, bienvenida=prompt("Bienvenido a la línea."))
    name = files.path_of("bienvenida", "es-CO")
    assert name == f"centralita/es-CO/bienvenida-{files.version_of('bienvenida', 'es-CO')}"
    file = files.file_of("bienvenida", "es-CO")
    assert file == tmp_path / "sounds" / f"{name}.wav"
    assert file is not None
    info = soundfile.info(file)
    assert (info.samplerate, info.channels, info.subtype, info.format) == (8000, 1, "PCM_16", "WAV")
    peak = float(np.abs(soundfile.read(file)[0]).max())
    assert 0.5 < peak < 0.9
    assert 1 < info.duration < 5


def test_it_is_made_once(tmp_path: Path) -> None:
    first = made(tmp_path, a=prompt("Hola.")).file_of("a", "es-CO")
    assert first is not None
    before = (first.stat().st_mtime_ns, first.read_bytes())
    assert made(tmp_path, a=prompt("Hola.")).file_of("a", "es-CO") == first
    assert (first.stat().st_mtime_ns, first.read_bytes()) == before


def test_what_another_version_has_made_meanwhile_is_not_made_again(tmp_path: Path) -> None:
    late = PromptFiles({"a": prompt("Hola.")}, tmp_path, tmp_path / "sounds")
    first = made(tmp_path, a=prompt("Hola.")).file_of("a", "es-CO")
    assert first is not None and late.file_of("a", "es-CO") is None
    before = first.stat().st_ino
    assert late.make() == () and late.file_of("a", "es-CO") == first
    assert first.stat().st_ino == before


def test_other_words_are_another_file_and_the_old_one_stays_for_calls_in_progress(tmp_path: Path) -> None:
    old = made(tmp_path, a=prompt("Hola.")).file_of("a", "es-CO")
    new = made(tmp_path, a=prompt("Buenas.")).file_of("a", "es-CO")
    assert old is not None
    assert new not in (None, old)
    assert old.exists()


def test_a_studio_recording_wins_and_is_converted(tmp_path: Path) -> None:
    studio(tmp_path / "bienvenida.flac")
    both = Prompt(texts={"es-CO": "Hola."}, recordings={"es-CO": "bienvenida.flac"})
    files = made(tmp_path, a=both)
    file = files.file_of("a", "es-CO")
    assert file is not None
    info = soundfile.info(file)
    assert (info.samplerate, info.channels, info.subtype) == (8000, 1, "PCM_16")
    heard = np.abs(np.fft.rfft(soundfile.read(file)[0][:8000]))
    assert abs(int(heard.argmax()) - 440) <= 2


def test_a_new_recording_under_the_same_name_is_noticed(tmp_path: Path) -> None:
    studio(tmp_path / "a.wav", 440)
    first = made(tmp_path, a=prompt(recording="a.wav")).version_of("a", "es-CO")
    studio(tmp_path / "a.wav", 880)
    assert made(tmp_path, a=prompt(recording="a.wav")).version_of("a", "es-CO") != first


def test_what_cannot_be_made_is_told_and_the_others_are_there(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"not a sound")
    prompts = {"good": prompt("Hola."), "broken": prompt(recording="broken.wav"), "gone": prompt(recording="gone.wav")}
    files = PromptFiles(prompts, tmp_path, tmp_path / "sounds")
    broken, gone = files.make()
    assert broken.startswith("broken (es-CO): sox: ")
    assert gone == "gone (es-CO): neither a text nor a readable recording"
    assert files.path_of("good", "es-CO")
    assert files.path_of("broken", "es-CO") is None
    assert [file.name for file in (tmp_path / "sounds").rglob("*") if file.name.startswith(".")] == []


def test_what_is_not_there_has_no_name(tmp_path: Path) -> None:
    files = PromptFiles({"a": prompt("Hola.")}, tmp_path, tmp_path / "sounds")
    assert files.path_of("a", "es-CO") is None
    assert files.make() == ()
    assert files.path_of("a", "en") is None
    assert files.path_of("b", "es-CO") is None
    assert files.version_of("b", "es-CO") is None


def test_a_text_is_never_an_option_or_a_command(tmp_path: Path) -> None:
    files = made(tmp_path, a=prompt("--help; $(touch x)"))
    file = files.file_of("a", "es-CO")
    assert file is not None
    assert soundfile.info(file).duration > 0.5


def test_nothing_is_left_at_home_or_in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # espeak-ng asks PulseAudio for a sound device, which leaves a folder in each.
    for name in ("HOME", "TMPDIR", "XDG_RUNTIME_DIR"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(name, str(tmp_path / name))
    made(tmp_path / "sounds", a=prompt("Hola."))
    assert [file for name in ("HOME", "TMPDIR", "XDG_RUNTIME_DIR") for file in (tmp_path / name).iterdir()] == []


def test_a_missing_program_is_told_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (fault,) = PromptFiles({"a": prompt("Hola.")}, tmp_path, tmp_path / "sounds").make()
    assert fault == "a (es-CO): espeak-ng is missing; install it with: apt-get install espeak-ng"


def test_the_music_shows_its_position_and_never_pauses() -> None:
    tune = music.samples()
    assert len(tune) == music.SECONDS * music.RATE
    assert float(np.abs(tune).max()) < 0.4
    windows = tune.reshape(-1, music.RATE // 20)
    assert float(windows.std(axis=1).min()) > 0.03
    seconds = tune.reshape(music.SECONDS, music.RATE)
    alike = np.corrcoef(np.abs(np.fft.rfft(seconds, axis=1)))
    assert float((alike - np.eye(music.SECONDS)).max()) < 0.95


def test_somebodys_own_music_is_kept(tmp_path: Path) -> None:
    assert music.write(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"musica.wav", "musica.ulaw"}
    assert soundfile.info(tmp_path / "musica.wav").duration == music.SECONDS
    assert (tmp_path / "musica.ulaw").stat().st_size == music.SECONDS * music.RATE
    own = tmp_path / "own"
    own.mkdir()
    (own / "jingle.wav").write_bytes(b"")
    assert not music.write(own)
    assert [file.name for file in own.iterdir()] == ["jingle.wav"]


def test_words_that_follow_each_other_have_no_silence_around_them(tmp_path: Path) -> None:
    soft = np.zeros(8000)
    loud = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4000) / 8000)
    soundfile.write(tmp_path / "mil.wav", np.concatenate([soft, loud, soft]), 8000)
    files = made(
        tmp_path, palabra_veinte=prompt("veinte"), other=prompt("veinte"), palabra_mil=prompt(recording="mil.wav")
    )
    lengths = {}
    for name in ("palabra_veinte", "other", "palabra_mil"):
        file = files.file_of(name, "es-CO")
        assert file is not None
        lengths[name] = soundfile.info(file).duration
    assert 0.25 < lengths["palabra_veinte"] < lengths["other"] - 0.4
    assert lengths["palabra_mil"] == pytest.approx(0.53, abs=0.01)
