"""A probe answers or refuses, whatever the bytes; it never fails in another way."""

import tempfile
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from speech import AudioInfo, SpeechError, amr, audio, probe
from tests.unit.speech.sounds import FORMATS, SECONDS, bursts, webm_without_duration, write_wav

HEADS = (
    b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00",
    b"OggS\x00\x02",
    b"fLaC\x00\x00\x00\x22",
    b"ID3\x04\x00\x00\x00\x00\x00\x00",
    b"\xff\xfb\x90\x64",
    b"\xff\xf1\x50\x80",
    b"#!AMR\n",
    b"#!AMR-WB\n",
    b"\x02#!SILK_V3",
    b"\x00\x00\x00\x18ftypM4A ",
    b"\x1a\x45\xdf\xa3",
    b"caff\x00\x01\x00\x00",
    b"FORM\x00\x00\x00\x20AIFF",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
)
few = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("whole")
    return [form.make(folder / str(n)).read_bytes() for n, form in enumerate(FORMATS)]


@few
@given(head=st.sampled_from((b"", *HEADS)), rest=st.binary(max_size=3000))
def test_random_bytes_are_refused_or_described(head: bytes, rest: bytes) -> None:
    check(head + rest)


@few
@given(data=st.data())
def test_a_file_cut_anywhere_is_refused_or_described(
    whole_files: list[bytes], data: st.DataObject
) -> None:
    whole = data.draw(st.sampled_from(whole_files))
    check(whole[: data.draw(st.integers(0, len(whole)))])


@few
@given(data=st.data())
def test_a_damaged_file_is_refused_or_described(
    whole_files: list[bytes], data: st.DataObject
) -> None:
    whole = bytearray(data.draw(st.sampled_from(whole_files)))
    for _ in range(data.draw(st.integers(1, 12))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    check(bytes(whole))


def check(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording"
        path.write_bytes(data)
        try:
            info = probe(path)
        except SpeechError as error:
            assert str(error).endswith(".") and error.code
            return
    assert isinstance(info, AudioInfo)
    assert info.duration_seconds is None or info.duration_seconds >= 0


def test_a_browsers_webm_states_no_duration_and_is_measured_all_the_same(tmp_path: Path) -> None:
    path = webm_without_duration(tmp_path / "a.webm")
    with av.open(str(path)) as container:
        assert container.duration is None
    assert probe(path).duration_seconds == pytest.approx(SECONDS, abs=0.1)


def test_a_wav_whose_header_promises_hours_is_as_long_as_its_bytes(tmp_path: Path) -> None:
    for stated in (b"\xff\xff\xff\xff", b"\x00\x00\x00\x70"):
        path = write_wav(tmp_path / "live.wav", bursts())
        data = bytearray(path.read_bytes())
        data[4:8] = data[40:44] = stated
        path.write_bytes(data)
        assert probe(path).duration_seconds == pytest.approx(SECONDS, abs=0.1)


def test_amr_silence_frames_count_as_time(tmp_path: Path) -> None:
    path = tmp_path / "pause.amr"
    path.write_bytes(b"#!AMR\n" + (b"\x44" + bytes(5) + b"\x7c" * 7) * 50)
    assert probe(path).duration_seconds == pytest.approx(50 * 8 * amr.FRAME_SECONDS)
    assert audio.decode(path).seconds == pytest.approx(8.0, abs=0.1)


def test_a_hostile_file_is_looked_at_only_so_far(tmp_path: Path) -> None:
    for head, frame, step in ((b"#!AMR\n", b"\x7c", 0.02), (b"\x02#!SILK_V3", b"\0\0", 0.02)):
        path = tmp_path / "many"
        path.write_bytes(head + frame * 1_000_000)
        assert probe(path).duration_seconds == pytest.approx(amr.MAX_FRAMES * step)


def test_large_hostile_files_are_refused_or_described(tmp_path: Path) -> None:
    box = b"\x00\x00\x00\x08free"
    files = {
        "boxes": b"\x00\x00\x00\x10ftypM4A \x00\x00\x00\x00" + box * 2_000_000,
        "ogg": (b"OggS\x00\x02" + bytes(20) + b"\x01\x01x") * 500_000,
    }
    for data in files.values():
        check(data)
