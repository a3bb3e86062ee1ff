"""Starts the action server: ``python -m actions --socket PATH``.

``GET /health`` answers once the server is ready. The server asks for no token and adds its own to
what it asks intake, so it listens on a Unix socket only, in a folder that only its user can enter.
One process is enough: the actions only wait for intake.
"""

import argparse
from typing import Any

from rasa_sdk.endpoint import create_app
from rasa_sdk.executor import ActionExecutor

from intake.processes.private_sockets import listen
from intake.processes.wordless_log import write_wordless


def main() -> None:
    """Parse the arguments and serve until stopped."""
    parser = argparse.ArgumentParser(prog="actions", description=__doc__)
    parser.add_argument("--socket", required=True, help="path of the Unix socket to listen on")
    arguments = parser.parse_args()
    executor = ActionExecutor()
    executor.register_package("actions")
    # No CORS: no browser ever talks to this server.
    app = create_app(executor, cors_origins=[])
    app.register_listener(_write_no_words, "before_server_start")
    app.run(
        sock=listen(arguments.socket),
        single_process=True,
        access_log=False,
        motd=False,
        register_sys_signals=True,
    )


async def _write_no_words(*_: Any) -> None:
    """From now on the log holds nothing that a resident said."""
    write_wordless(None, (), mute_prints=True)


if __name__ == "__main__":
    main()
