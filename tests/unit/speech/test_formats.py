"""Every voice format is told by its content, has the right length, and sounds as it should."""

from pathlib import Path

import numpy as np
import pytest

from speech import EmptyAudio, NotAudio, Undecodable, audio, probe
from tests.unit.speech import sounds
from tests.unit.speech.sounds import (
    BURSTS,
    FAMILIES,
    FORMATS,
    SECONDS,
    Format,
    bursts,
    encode,
    write_wav,
)

each_format = pytest.mark.parametrize("form", FORMATS, ids=str)
RATE = audio.RATE


@each_format
def test_a_probe_tells_format_coding_and_length(form: Format, tmp_path: Path) -> None:
    info = probe(form.make(tmp_path / "no-suffix"))
    assert (info.format, info.codec, info.sample_rate) == (form.form, form.codec, form.rate)
    assert info.duration_seconds == pytest.approx(SECONDS, abs=0.12)
    assert info.decodable


@each_format
def test_what_is_decoded_sounds_where_the_original_did(form: Format, tmp_path: Path) -> None:
    decoded = audio.decode(form.make(tmp_path / "wrong.txt"))
    assert decoded.notes == ()
    assert decoded.seconds == pytest.approx(SECONDS, abs=0.12)
    if not form.tonal:
        return
    inside = [loudness(decoded.samples, a + 0.15, b - 0.15) for a, b in BURSTS]
    outside = [loudness(decoded.samples, a, b) for a, b in ((0.0, 0.25), (1.4, 1.65), (2.8, 3.0))]
    assert min(inside) > 20 * max(outside)
    assert pitch(decoded.samples, *BURSTS[0]) == pytest.approx(440, abs=5)


def test_each_format_stands_in_one_family_of_codecs() -> None:
    listed = [name for first, others in FAMILIES.items() for name in (first, *others)]
    assert sorted(listed) == sorted(form.name for form in FORMATS)


@pytest.mark.parametrize(
    ("recognised", "other"), [(first, name) for first, names in FAMILIES.items() for name in names]
)
def test_a_voice_sounds_as_in_the_format_of_its_family_that_is_recognised(
    recognised: str, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That one is recognised by the whole installation: ``tests/e2e/test_everything.py``."""
    monkeypatch.setattr(sounds, "bursts", sounds.voice)
    made = {form.name: form.make for form in FORMATS}
    first = audio.decode(made[recognised](tmp_path / "first")).samples
    second = audio.decode(made[other](tmp_path / "second")).samples
    assert len(second) == pytest.approx(len(first), rel=0.02)
    assert likeness(first, second) > 0.98
    assert np.std(second) == pytest.approx(np.std(first), rel=0.05)


def likeness(first: audio.Samples, second: audio.Samples) -> float:
    """The highest correlation of two recordings, shifted by up to 50 ms: 1 for the same sound."""
    a, b = first.astype(float), second.astype(float)
    size = 1 << (len(a) + len(b)).bit_length()
    product = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    near = np.concatenate([product[: RATE // 20], product[-RATE // 20 :]])
    return float(near.max() / np.sqrt((a @ a) * (b @ b)))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize(
    "name",
    [
        "wav 16 bit",
        "mp3",
        "fragmented mp4",
        "webm opus",
        "ogg opus",
        "amr",
        "flac",
        "silk, WeChat's header",
    ],
)
def test_a_truncated_file_gives_its_beginning(name: str, share: float, tmp_path: Path) -> None:
    whole = next(f for f in FORMATS if f.name == name).make(tmp_path / "whole")
    cut = tmp_path / "cut"
    data = whole.read_bytes()
    cut.write_bytes(data[: int(len(data) * share)])
    decoded = audio.decode(cut)
    assert 0.1 * SECONDS < decoded.seconds < SECONDS
    assert loudness(decoded.samples, 0.4, decoded.seconds) > 1000


def test_a_file_that_ends_before_its_header_says_is_noted_as_truncated(tmp_path: Path) -> None:
    whole = write_wav(tmp_path / "whole.wav", bursts())
    whole.write_bytes(whole.read_bytes()[:40_000])
    assert audio.decode(whole).notes == ("truncated",)


def test_damage_in_the_middle_costs_only_that_place(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mp3", "mp3", "libmp3lame", 44_100)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 700] = bytes(700)
    path.write_bytes(data)
    assert audio.decode(path).seconds > SECONDS - 0.6


def test_what_is_longer_than_the_limit_is_cut_with_a_note(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "long.wav", bursts(seconds=5))
    decoded = audio.decode(path, max_seconds=2.0)
    assert decoded.seconds == 2.0
    assert "cut_at_limit" in decoded.notes


def test_an_empty_file_and_a_bare_header_are_empty(tmp_path: Path) -> None:
    for name, data in {
        "nothing": b"",
        "amr": b"#!AMR\n",
        "silk": b"\x02#!SILK_V3",
        "wav": write_wav(tmp_path / "x.wav", bursts()[:0]).read_bytes(),
    }.items():
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(EmptyAudio):
            probe(path)
        with pytest.raises(EmptyAudio):
            audio.decode(path)


@pytest.mark.parametrize(
    "data",
    [
        b"Dear sir, I have a leaking tap.",
        b"\x89PNG\r\n\x1a\n" + bytes(200),
        b"%PDF-1.7\n",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
        b"<?xml version='1.0'?><smil/>",
        bytes(4096),
    ],
)
def test_other_files_and_playlists_are_not_audio(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "recording.mp3"
    path.write_bytes(data)
    with pytest.raises(NotAudio) as refused:
        probe(path)
    assert refused.value.code == "not_audio"
    assert not refused.value.retryable


def test_a_film_without_sound_is_not_audio(tmp_path: Path) -> None:
    import av

    path = tmp_path / "film.mp4"
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        for _ in range(5):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with pytest.raises(NotAudio):
        probe(path)


def test_a_known_container_with_an_unknown_coding_is_told_apart(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "odd.wav", bursts())
    data = bytearray(path.read_bytes())
    data[20:22] = b"\xfe\x7a"  # a format tag that nobody uses
    path.write_bytes(data)
    assert not probe(path).decodable
    with pytest.raises(Undecodable):
        audio.decode(path)


def loudness(samples: audio.Samples, start: float, end: float) -> float:
    part = samples[int(start * RATE) : int(end * RATE)].astype(float)
    return float(np.sqrt(np.mean(part**2))) + 1.0


def pitch(samples: audio.Samples, start: float, end: float) -> float:
    part = samples[int((start + 0.1) * RATE) : int((end - 0.1) * RATE)].astype(float)
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
    return float(np.argmax(spectrum) * RATE / len(part))
