"""A Rasa that takes its time over each turn and says back what it heard, in a process of its own.

``python -m tests.fakes.slow_assistant FOLDER``: listens on the port it writes into
``FOLDER/port``; a turn takes as many seconds as stand in ``FOLDER/seconds`` when it begins. Turns
that ended stand in ``FOLDER/turns``, one JSON text a line.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SAYS = "听到：{}"


class Handler(BaseHTTPRequestHandler):
    folder: Path
    protocol_version = "HTTP/1.1"
    writing = threading.Lock()

    def do_GET(self) -> None:
        self._answer({"model_file": "slow", "version": "3.6.21"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "/webhooks/" not in self.path:
            self._answer({"intent_ranking": [{"name": "errand", "confidence": 0.9}]})
            return
        time.sleep(float((self.folder / "seconds").read_text()))
        with self.writing, (self.folder / "turns").open("a", encoding="utf-8") as file:
            file.write(json.dumps(body["message"], ensure_ascii=False) + "\n")
        text = SAYS.format(body["message"])
        self._answer([{"recipient_id": body["sender"], "text": text}])

    do_PUT = do_POST

    def _answer(self, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked had no patience; that is what the turn's slowness is for."""


if __name__ == "__main__":
    Handler.folder = Path(sys.argv[1])
    server = Server(("127.0.0.1", 0), Handler)
    (Handler.folder / "port.new").write_text(str(server.server_port))
    (Handler.folder / "port.new").rename(Handler.folder / "port")
    server.serve_forever()
