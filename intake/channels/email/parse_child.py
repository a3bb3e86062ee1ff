"""Parses a mail in a child process with limits of memory and time, and says what it found.

Only mails that break a limit of `header_limits` come here. The child reads the mail from standard
input and writes one line of JSON, then the contents of the parts one behind the other.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from intake.channels.email.header_limits import trimmed
from intake.channels.email.header_text import decoded
from intake.channels.email.parse import MAX_TEXT_CHARACTERS, Mail, Part, clean, parse_mail

SECONDS = 20.0
"""What one mail may take, the start of the child included."""
MEMORY_BYTES = 1024**3
_ROOT = str(Path(__file__).resolve().parents[3])
_START = "from intake.channels.email.parse_child import main; main()"


async def parse_apart(raw: bytes) -> Mail:
    """The mail, never whole; where the child fails, with what follows its header as text."""
    path = os.pathsep.join(filter(None, [_ROOT, os.environ.get("PYTHONPATH")]))
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _START,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # a traceback might quote the mail
        env={**os.environ, "PYTHONPATH": path},
    )
    try:
        async with asyncio.timeout(SECONDS):
            found, _ = await child.communicate(raw)
        return _read(found)
    except (TimeoutError, ValueError, KeyError, TypeError):
        body = raw.partition(b"\r\n\r\n")[2] or raw
        return Mail(text=clean(decoded(body[:MAX_TEXT_CHARACTERS])), whole=False)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def main() -> None:
    """The child: parse standard input."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS), int(SECONDS) + 1))
    content, _ = trimmed(sys.stdin.buffer.read())
    sys.stdout.buffer.write(_written(parse_mail(content)))


def _written(mail: Mail) -> bytes:
    parts = [
        {
            "size": len(part.content),
            "media_type": part.media_type,
            "name": part.name,
            "is_audio": part.is_audio,
        }
        for part in mail.parts
    ]
    told: dict[str, Any] = {
        "headers": mail.headers,
        "inner": mail.inner,
        "media_type": mail.media_type,
        "text": mail.text,
        "parts": parts,
    }
    return json.dumps(told).encode() + b"\n" + b"".join(part.content for part in mail.parts)


def _read(found: bytes) -> Mail:
    line, _, rest = found.partition(b"\n")
    told = json.loads(line)
    parts: list[Part] = []
    for part in told.pop("parts"):
        size = int(part.pop("size"))
        parts.append(Part(content=rest[:size], **part))
        rest = rest[size:]
    return Mail(
        headers=told["headers"],
        media_type=told["media_type"],
        text=told["text"],
        parts=tuple(parts),
        whole=False,
        inner=tuple(told["inner"]),
    )
