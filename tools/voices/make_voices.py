"""Make recordings of people who ask for help, from texts, in the formats of phones and messengers.

    uv venv --python 3.11 build/voices-venv
    uv pip install --python build/voices-venv/bin/python --require-hashes \\
        -r tools/voices/requirements.lock
    (mkdir -p build/voices && cd build/voices && npm pack kokoro-js@1.2.1 && tar xzf *.tgz)
    build/voices-venv/bin/python tools/voices/make_voices.py data/demo/voicemails.jsonl

TEXTS is JSON Lines. Of each line these keys count, all others are left alone:

    id        seeds the noise
    audio     where the recording goes, relative to TEXTS
    text      what is said; "" makes five seconds of a quiet room
    language  zh or en
    voice     zf_xiaobei, zf_xiaoxiao, zm_yunjian, zm_yunxi, af_heart, bm_george…
    speed     0.5 to 2.0 (1)
    channel   webm ogg m4a mp3 amr amr-low amr-wb silk wav16k wav8k ulaw
    noise     none hum street kitchen (none)
    snr_db    decibels of the voice above the noise (15)

Kokoro-82M and its voices are Apache-2.0. The English pronunciation uses espeak-ng (GPL), which is
why these packages stay in an environment of their own. amr-wb needs Debian's libvo-amrwbenc0.

The same line always gives the same bytes on the same machine. Recordings that exist are kept
unless --force or --only names them.
"""

import argparse
import json
import sys
import zlib
from pathlib import Path
from typing import Any

import channels
import numpy as np
from speaker import SAMPLE_RATE, Speaker, read_voice_sums

HERE = Path(__file__).parent
VOICES = Path("build/voices/package/voices")


def make(line: dict[str, Any], folder: Path, speaker: Speaker) -> Path:
    """Write the recording that one line of TEXTS asks for; return its path."""
    random = np.random.default_rng(zlib.crc32(line["id"].encode()))
    if line["text"]:
        said = speaker.say(line["text"], line["language"], line["voice"], line.get("speed", 1.0))
        lead = np.zeros(SAMPLE_RATE // 3, np.float32)
        samples = channels.levelled(np.concatenate([lead, said]))
    else:
        samples = channels.silence(5, SAMPLE_RATE, random)
    noise = line.get("noise") or "none"
    if noise != "none":
        made = channels.NOISES[noise](samples.size, SAMPLE_RATE, random)
        samples = channels.mix(samples, made, line.get("snr_db") or 15)
    path = folder / line["audio"]
    path.parent.mkdir(parents=True, exist_ok=True)
    channels.write(
        path, channels.levelled(samples), SAMPLE_RATE, channels.CHANNELS[line["channel"]]
    )
    return path


def main() -> int:
    """Parse the command line and make the recordings that are missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("texts", type=Path, metavar="TEXTS", help="JSON Lines, see above")
    parser.add_argument("--voices", type=Path, default=VOICES, help=f"voice files ({VOICES})")
    parser.add_argument("--only", nargs="+", metavar="ID", help="make these again, no others")
    parser.add_argument("--force", action="store_true", help="make all again")
    arguments = parser.parse_args()
    lines = [json.loads(row) for row in arguments.texts.read_text().splitlines() if row.strip()]
    folder = arguments.texts.parent
    if arguments.only:
        lines = [line for line in lines if line["id"] in arguments.only]
    elif not arguments.force:
        lines = [line for line in lines if not (folder / line["audio"]).exists()]
    if not lines:
        print("Nothing to make.")
        return 0
    speaker = Speaker(arguments.voices, read_voice_sums(HERE / "voices.sha256"))
    for line in lines:
        path = make(line, folder, speaker)
        print(f"{path}  {path.stat().st_size / 1000:.0f} kB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
