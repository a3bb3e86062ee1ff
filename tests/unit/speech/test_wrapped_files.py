"""Sound that stands as text, or behind other sound, is heard as well."""

from __future__ import annotations

import base64
import codecs
import textwrap
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from speech import NotAudio, Undecodable, audio, containers, probe
from tests.conftest import wav_of
from tests.unit.speech import sounds

SECOND = [0.3 * (-1) ** (n // 30) for n in range(16_000)]
ONE = wav_of(SECOND)


def data_uri(content: bytes) -> bytes:
    return b"data:audio/wav;base64," + base64.b64encode(content)


WRITTEN: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "base64 in lines": base64.encodebytes,
    "base64 in lines of Windows": lambda c: base64.encodebytes(c).replace(b"\n", b"\r\n"),
    "base64 without padding": lambda c: base64.b64encode(c).rstrip(b"="),
    "base64 for addresses": base64.urlsafe_b64encode,
    "base64, indented": lambda c: textwrap.indent(base64.encodebytes(c).decode(), "  ").encode(),
    "a data URI": data_uri,
    "a data URI with parameters": lambda c: (
        b"data:audio/webm;codecs=opus;base64," + base64.b64encode(c)
    ),
    "a data URI without a type": lambda c: b"data:;base64," + base64.b64encode(c),
    "a data URI and a line": lambda c: data_uri(c) + b"\n",
    "a data URI with a space, as Firefox writes it": lambda c: (
        b"data:audio/ogg; codecs=opus;base64," + base64.b64encode(c)
    ),
    "a data URI with quotes": lambda c: (
        b'data:audio/webm;codecs="opus";base64,' + base64.b64encode(c)
    ),
    "a data URI in capitals": lambda c: b"DATA:AUDIO/WAV;BASE64," + base64.b64encode(c),
    "a data URI, percent-encoded": lambda c: (
        b"data:audio/wav;base64," + quote(base64.b64encode(c), safe="").encode()
    ),
    "a data URI in quotes": lambda c: b'"' + data_uri(c) + b'"',
    "base64 with a byte order mark": lambda c: codecs.BOM_UTF8 + base64.b64encode(c),
    "base64 as UTF-16": lambda c: base64.b64encode(c).decode().encode("utf-16"),
    "base64 in pieces, each padded": lambda c: b"".join(
        base64.b64encode(c[start : start + 1000]) for start in range(0, len(c), 1000)
    ),
    "base64 padded too much": lambda c: base64.b64encode(c) + b"====",
}


@pytest.mark.parametrize("how", WRITTEN)
def test_sound_that_is_written_as_text_is_decoded(how: str, tmp_path: Path) -> None:
    path = tmp_path / "said"
    path.write_bytes(WRITTEN[how](ONE))
    assert probe(path).format == "wav"
    assert audio.decode(path).seconds == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    "content",
    [
        b"just words " * 30,
        b"A" * 3000,
        b"data:text/plain;base64,aGVsbG8=",
        b"data:,hello",
        b"data:" * 1000,
        b"data:audio/wav;base64," * 200,
        b"=",
        b"=" * 5000,
        b"A" * 65 + b"=",
        codecs.BOM_UTF8,
        codecs.BOM_UTF16_BE + b"\0A" * 200,
    ],
)
def test_other_text_is_no_sound(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "said"
    path.write_bytes(content)
    with pytest.raises(NotAudio):
        audio.decode(path)


FORMS = {
    "wav": lambda folder: ONE,
    "flac": lambda folder: sounds.encode(folder / "a.flac", "flac", "flac", 16_000).read_bytes(),
    "webm": lambda folder: sounds.encode(folder / "a.webm", "webm", "libopus", 48_000).read_bytes(),
    "ogg": lambda folder: sounds.encode(folder / "a.ogg", "ogg", "libopus", 48_000).read_bytes(),
    "m4a": lambda folder: sounds.encode(folder / "a.m4a", "mp4", "aac", 48_000).read_bytes(),
    "mp3": lambda folder: sounds.encode(folder / "a.mp3", "mp3", "mp3", 44_100).read_bytes(),
}


@pytest.mark.parametrize(
    ("first", "second"),
    # An MP3 file has no beginning that is told from sound: only another MP3 is read on.
    [(one, other) for one in FORMS for other in FORMS if other != "mp3" or one == "mp3"],
)
def test_of_two_files_one_behind_the_other_both_are_heard(
    first: str, second: str, tmp_path: Path
) -> None:
    one, other = FORMS[first](tmp_path), FORMS[second](tmp_path)
    path = tmp_path / "both"
    lengths = []
    for content in (one, other):
        path.write_bytes(content)
        lengths.append(audio.decode(path).seconds)
    path.write_bytes(one + other)
    assert audio.decode(path).seconds == pytest.approx(sum(lengths), rel=0.15)


@pytest.mark.parametrize("between", [b"", b"\n"])
@pytest.mark.parametrize("written", [base64.b64encode, data_uri])
def test_of_two_files_written_as_text_both_are_heard(
    written: Callable[[bytes], bytes], between: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "both"
    path.write_bytes(written(ONE) + between + written(ONE))
    assert audio.decode(path).seconds == pytest.approx(2.0, abs=0.1)


def test_a_damaged_second_file_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "both"
    path.write_bytes(ONE + b"fLaC\x00\x00\x00\x22" + bytes(60))
    decoded = audio.decode(path)
    assert decoded.seconds == pytest.approx(1.0, abs=0.05)
    assert "truncated" in decoded.notes


@pytest.mark.parametrize("rate", [1, 100, 3_999, 192_001, 768_000])
def test_a_rate_that_no_recording_has_is_not_decoded(rate: int, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    header = bytearray(wav_of([0.0] * 400))
    header[24:28] = rate.to_bytes(4, "little")
    path.write_bytes(bytes(header))
    assert not probe(path).decodable
    with pytest.raises(Undecodable):
        audio.decode(path)


@pytest.mark.parametrize("rate", [None, 0, 4_000, 8_000, 44_100, 192_000])
def test_usual_rates_are_decoded(rate: int | None) -> None:
    containers.check_rate(rate)


def test_silence_before_words_is_decoded_to_the_last(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav_of([0.0] * 16_000 * 20 + SECOND))
    assert np.abs(audio.decode(path).samples[-8000:]).max() > 1000
