"""``huying voicemail send``: sends recordings to the public voicemail endpoint."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from intake.cli import client as http
from intake.errors import HuyingError
from intake.settings import load

app = typer.Typer(no_args_is_help=True, help="Send recordings.")
SETTLED = {"needs_review", "routed", "accepted", "done", "closed", "rejected", "cancelled"}


@app.callback()
def group() -> None:
    """Send recordings."""


@app.command()
def send(
    files: Annotated[list[Path], typer.Argument(help="Recordings in any voice format.")],
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until each is routed or waits for a person.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    language: Annotated[str | None, typer.Option(help="zh or en; empty: detected.")] = None,
    phone: Annotated[str | None, typer.Option(help="The caller's number.")] = None,
    place: Annotated[str | None, typer.Option(help="A place of the gazetteer.")] = None,
    unit: Annotated[str | None, typer.Option(help="Building-unit-room, such as 3-2-501.")] = None,
    name: Annotated[str | None, typer.Option(help="The caller's name.")] = None,
    recorded_at: Annotated[str | None, typer.Option(help="ISO 8601 with zone.")] = None,
    url: Annotated[str | None, typer.Option(help="Another installation's address.")] = None,
    seconds: Annotated[float, typer.Option(help="Longest wait for each.")] = 300,
) -> None:
    """Send recordings and show their tracking numbers.

    Sending the same file with the same fields again gives the same number and makes no second
    request.
    """
    fields = {
        "language": language,
        "phone": phone,
        "place": place,
        "unit": unit,
        "name": name,
        "recorded_at": recorded_at,
    }
    form = {key: value for key, value in fields.items() if value}
    with http.connect(load(), url) as client:
        for path in files:
            result = post(client, path, form)
            if wait:
                result |= wait_for(client, result["status_url"], seconds)
            result["file"] = str(path)
            if as_json:
                typer.echo(json.dumps(result, ensure_ascii=False))
            else:
                said = (result.get("messages") or [result["message"]])[-1]
                typer.echo(f"{path.name}: {result['tracking_number']} {result['status']}  {said}")


def post(client: Any, path: Path, form: dict[str, str]) -> dict[str, Any]:
    """Send one recording; its idempotency key is made from the content, so that a repeat is
    recognised. Raises `HuyingError`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise HuyingError(f"{path}: can't be read ({error.strerror}).") from None
    digest = hashlib.sha256(content + json.dumps(form, sort_keys=True).encode()).hexdigest()
    answer: dict[str, Any] = http.call(
        client,
        "POST",
        "/api/voicemails",
        files={"audio": (path.name, content)},
        data=form,
        headers={"Idempotency-Key": f"cli-{digest}"},
    )
    return answer


def wait_for(client: Any, status_url: str, seconds: float) -> dict[str, Any]:
    """Poll the status until the request is routed or waits for a person; return the last answer.

    Raises `HuyingError` when that takes longer than ``seconds``.
    """
    path = "/s/" + status_url.rpartition("/s/")[2]
    until = time.monotonic() + seconds
    while True:
        state: dict[str, Any] = http.call(client, "GET", path)
        if state["status"] in SETTLED:
            return state
        if time.monotonic() > until:
            raise HuyingError(f"{state['tracking_number']} is still {state['status']}.")
        time.sleep(0.2)
