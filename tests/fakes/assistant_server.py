"""Answers ``POST /model/parse`` like Rasa, in a process of its own that tests can kill.

``python -m tests.fakes.assistant_server PORT FOLDER``: a text with a key of
``FOLDER/intents.json`` gets its intent, any other the first one. While ``FOLDER/hold`` exists,
texts that contain what stands in it are not answered; ``FOLDER/held`` appears when one waits.
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Handler(BaseHTTPRequestHandler):
    folder: Path

    def do_GET(self) -> None:
        self._answer({"version": "3.6.21", "minimum_compatible_version": "3.5.0"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        text = json.loads(body)["text"]
        self._hold(text)
        intents: dict[str, str] = json.loads((self.folder / "intents.json").read_text("utf-8"))
        names = list(dict.fromkeys(intents.values()))
        best = next((intent for key, intent in intents.items() if key in text), names[0])
        ranking = [{"name": best, "confidence": 0.99}]
        ranking += [{"name": name, "confidence": 0.01} for name in names if name != best]
        self._answer(
            {"text": text, "intent": ranking[0], "entities": [], "intent_ranking": ranking}
        )

    def _hold(self, text: str) -> None:
        hold = self.folder / "hold"
        while True:
            try:
                if hold.read_text("utf-8") not in text:
                    return
            except FileNotFoundError:
                return
            (self.folder / "held").touch()
            time.sleep(0.05)

    def _answer(self, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


if __name__ == "__main__":
    Handler.folder = Path(sys.argv[2])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
