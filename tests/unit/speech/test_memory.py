"""Too little memory is told as what it is, in whatever words a library tells it."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from speech.errors import ModelError, RecogniserOutOfMemory
from speech.memory import is_lacking
from speech.worker_pool import Transcriber

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "build" / "models" / "whisper-base"
LACK = [
    MemoryError(),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
    RuntimeError("mkl_malloc: failed to allocate memory"),
    RuntimeError("std::bad_alloc"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    RuntimeError("Unable to allocate 300. MiB for an array"),
    RuntimeError("CUDA failed with error out of memory"),
    RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : bad allocation? std::bad_alloc"),
    RuntimeError("Memory allocation of 1024 bytes failed"),
    RuntimeError("not enough memory"),
    ImportError("libopenblas.so: cannot allocate memory in static TLS block"),
    ImportError("unicodedata.so: failed to map segment from shared object"),
]
OTHER = [
    ModelError("Whisper can't read the model whisper-base."),
    RuntimeError("File model.bin is incomplete: failed to read a buffer of size 9"),
    RuntimeError("Unable to open file 'model.bin'"),
    OSError(errno.ENOSPC, "No space left on device"),
    ImportError("No module named 'vosk'"),
    KeyError("memory"),
    ValueError("out of memory"),  # words that a recogniser heard
]


def raised_from(cause: Exception) -> Exception:
    try:
        try:
            raise cause
        except Exception as error:
            raise ModelError("Whisper can't read the model.") from error
    except ModelError as error:
        return error


@pytest.mark.parametrize("error", LACK, ids=str)
def test_lack_of_memory_is_known_in_the_error_and_behind_it(error: Exception) -> None:
    assert is_lacking(error)
    assert is_lacking(raised_from(error))


@pytest.mark.parametrize("error", OTHER, ids=str)
def test_other_errors_are_not_taken_for_it(error: Exception) -> None:
    assert not is_lacking(error)
    assert not is_lacking(raised_from(error))


needs_model = pytest.mark.skipif(not MODEL.exists(), reason="the speech model is not installed")


@needs_model
def test_a_model_that_does_not_fit_into_memory_is_not_called_damaged() -> None:
    with (
        Transcriber(MODEL.parent, "whisper", memory_bytes=400 * 1024**2) as transcriber,
        pytest.raises(RecogniserOutOfMemory, match="too little memory") as lack,
    ):
        transcriber.warm("zh")
    assert lack.value.retryable and lack.value.code == "recogniser_out_of_memory"


@needs_model
def test_a_recogniser_whose_libraries_do_not_fit_says_so_too() -> None:
    with (
        Transcriber(MODEL.parent, "whisper", memory_bytes=40 * 1024**2) as transcriber,
        pytest.raises(RecogniserOutOfMemory),
    ):
        transcriber.warm("zh")


@needs_model
def test_a_damaged_model_is_still_called_damaged(tmp_path: Path) -> None:
    copy = tmp_path / MODEL.name
    shutil.copytree(MODEL, copy)
    with (copy / "model.bin").open("r+b") as damaged:
        damaged.write((99).to_bytes(4, "little"))  # a version of the format that never was
    with (
        Transcriber(tmp_path, "whisper", memory_bytes=None) as transcriber,
        pytest.raises(ModelError, match="models verify"),
    ):
        transcriber.warm("zh")
