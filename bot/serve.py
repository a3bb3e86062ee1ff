"""Starts Rasa on a Unix socket, with its API token taken from the environment.

Every user of a machine can read every command line; Rasa 3.6 offers its token only there.
The environment of a process can be read by its own user and root only. So the token comes in
`HUYING_ASSISTANT_TOKEN` and is put into `sys.argv` inside this process, which changes nothing
that others can see.

Rasa 3.6 listens on a port only, which every user of the machine can ask, and its chat webhook knows
no token. Here it listens on the socket `HUYING_ASSISTANT_SOCKET` and asks the action server by the
socket `HUYING_ACTIONS_SOCKET`, both in a folder that only its own user can enter.

    python -m bot.serve <arguments of `rasa run`>
"""

import os
import sys
import time
from typing import Any

from bot.lean import leave_out
from intake.processes.private_sockets import listen
from intake.processes.wordless_log import write_wordless

DATABASE_SECONDS = 150.0


def main() -> None:
    """Run `rasa run` with these arguments, the token and the sockets; without them a sentence and
    exit 1."""
    token = os.environ.pop("HUYING_ASSISTANT_TOKEN", "")
    if not token:
        sys.exit("HUYING_ASSISTANT_TOKEN is not set: Rasa's API would be open.")
    socket, actions = (os.environ.get(f"HUYING_{n}_SOCKET", "") for n in ("ASSISTANT", "ACTIONS"))
    if not (socket and actions):
        sys.exit("HUYING_ASSISTANT_SOCKET and HUYING_ACTIONS_SOCKET must name sockets.")
    # In one word: a token may begin with "-", which argparse would take for another option.
    sys.argv = ["rasa", "run", *sys.argv[1:], "--enable-api", f"--auth-token={token}"]
    leave_out()
    from rasa.__main__ import main as rasa

    listen_on_socket(socket)
    ask_actions_by_socket(actions)
    check_schema_once()
    write_no_words_once_it_serves()
    wait_for_database(os.environ.get("HUYING_TRACKER_URL", ""))
    rasa()


def listen_on_socket(path: str) -> None:
    """Have Rasa's server listen on this socket and on no port."""
    from sanic import Sanic

    run = Sanic.run

    def run_on_socket(app: Any, **options: Any) -> None:
        # Not Sanic's own `unix`: it adds 44 bytes to a path that may have 107 at most.
        run(app, **{**options, "host": None, "port": None, "sock": listen(path)})

    Sanic.run = run_on_socket


def ask_actions_by_socket(path: str) -> None:
    """Have Rasa reach its action server, its only endpoint, by this socket."""
    import aiohttp
    from rasa.utils.endpoints import DEFAULT_REQUEST_TIMEOUT, EndpointConfig

    def session(_: EndpointConfig) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(path),
            timeout=aiohttp.ClientTimeout(total=DEFAULT_REQUEST_TIMEOUT),
        )

    EndpointConfig.session = session


def wait_for_database(url: str) -> None:
    """Wait until the database takes connections in which conversations are remembered.

    It starts at the same time; without it Rasa would remember them in its memory only. After
    `DATABASE_SECONDS` a sentence and exit 1.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import OperationalError

    until = time.monotonic() + DATABASE_SECONDS
    while url:
        engine = create_engine(url)
        try:
            engine.connect().close()
            return
        except OperationalError as error:
            if time.monotonic() > until:
                sys.exit(f"Rasa's database can't be reached: {error.orig}")
            time.sleep(0.2)
        finally:
            engine.dispose()


def write_no_words_once_it_serves() -> None:
    """From the moment at which Rasa serves, its log holds nothing that a resident said.

    Until then it writes what it likes, such as what is wrong with a model. Later it would write
    the whole message and all that it knows of the conversation when a turn is slow or fails.
    """
    from rasa.core import run

    load = run.load_agent_on_start

    async def load_then_be_silent(*given: Any) -> Any:
        agent = await load(*given)
        write_wordless(None, (), mute_prints=True)
        return agent

    run.load_agent_on_start = load_then_be_silent


def check_schema_once() -> None:
    """Have Rasa check the schema of actions' answers once, not again with every answer.

    Every answer is still checked against the schema; but Rasa 3.6 checks the schema itself too,
    which took more than half of its time in a turn (97 ms of CPU, 47 without).
    """
    from jsonschema.validators import validator_for
    from rasa.core.actions.action import RemoteAction

    schema = RemoteAction.action_response_format_spec()
    checks = validator_for(schema)
    checks.check_schema(schema)
    validator = checks(schema)

    def validate(_: RemoteAction, result: Any) -> bool:
        validator.validate(result)
        return True

    RemoteAction._validate_action_result = validate


if __name__ == "__main__":
    main()
