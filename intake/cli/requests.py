"""``huying requests``: list and show service requests over the operators' API."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from intake.cli import client as http
from intake.locale.visible_text import visible
from intake.settings import load
from intake.understanding.fields import COLUMNS

app = typer.Typer(no_args_is_help=True, help="See service requests.")
Token = Annotated[str | None, typer.Option(help="Default: HUYING_TOKEN or HUYING_TOKEN_FILE.")]
Url = Annotated[str | None, typer.Option(help="Another installation's address.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_requests(
    status: Annotated[list[str] | None, typer.Option(help="Only these; may be repeated.")] = None,
    urgency: Annotated[str | None, typer.Option(help="emergency, urgent or normal.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.")] = 50,
    as_json: AsJson = False,
    token: Token = None,
    url: Url = None,
) -> None:
    """List requests, newest first; phones are masked."""
    params: dict[str, Any] = {"limit": limit}
    if status:
        params["status"] = status
    if urgency:
        params["urgency"] = urgency
    with http.connect(load(), url, token=http.operator_token(token)) as client:
        found = http.call(client, "GET", "/api/requests", params=params)["requests"]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    table = Table("number", "status", "urgency", "category", "where", "phone", "heard")
    for row in found:
        where = " ".join(p for p in (row["place"], row["unit"]) if p)
        cells = [row["tracking_number"], row["status"], row["urgency"], row["category"], where]
        table.add_row(*(visible(c or "") for c in [*cells, row["phone"], (row["text"] or "")[:40]]))
    Console().print(table)


@app.command()
def show(
    number: Annotated[str, typer.Argument(help="The tracking number, such as 1-0000-9.")],
    as_json: AsJson = False,
    token: Token = None,
    url: Url = None,
) -> None:
    """Show one request: its words, what was understood of them, and its history."""
    with http.connect(load(), url, token=http.operator_token(token)) as client:
        found = http.call(client, "GET", f"/api/requests/{number}")
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for key in [
        "tracking_number",
        "status",
        "urgency",
        "category",
        "text",
        *(column.name for column in COLUMNS if column.payload and column.listed),
        "backend",
        "external_id",
        "assignee",
        "received_at",
        "deadline_at",
    ]:
        if found.get(key) is not None:
            typer.echo(f"{key:16} {visible(str(found[key]))}")
    for why in found["reasons"]:
        typer.echo(f"{'review':16} {why.get('zh')} / {why.get('en')}")
    for event in found["events"]:
        move = f"{event['from_status'] or ''} → {event['to_status']}" if event["to_status"] else ""
        who = event["who"] or event["actor"]
        typer.echo(
            visible(
                f"{event['created_at'][:19]}  {event['kind']} {move} {who} {event['why'] or ''}"
            )
        )
    for delivery in found["deliveries"]:
        typer.echo(
            f"delivery to {delivery['backend']}: {delivery['kind']} {delivery['status']},"
            f" {delivery['attempts']} tries {delivery['error'] or ''}"
        )
