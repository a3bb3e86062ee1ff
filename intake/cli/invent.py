"""``huying seed --requests``: invented requests, for trying and measuring."""

from __future__ import annotations

import time

import psycopg
import typer

from intake.catalogue.services import load_catalogue
from intake.cli.sample_data import insert
from intake.cli.sample_data.generate import Inventor
from intake.errors import InputError
from intake.settings import ROOT, load
from intake.understanding.gazetteer import Gazetteer


def invent(url: str, count: int, days: int, *, even_so: bool) -> None:
    """Write ``count`` invented requests and show the progress.

    Raises `InputError` if the database holds real requests, unless ``even_so``.
    """
    began = time.monotonic()

    def progress(done: int) -> None:
        typer.echo(f"\r{done:,} of {count:,} ({time.monotonic() - began:.0f} s)", nl=False)

    with psycopg.connect(url, autocommit=True) as connection:
        if not even_so and insert.holds_real_requests(connection):
            raise InputError(
                "There are requests of real people here; --yes adds invented ones all the same."
            )
        backend = next(iter(load().backends), None)
        insert.seed(
            connection,
            inventor(connection),
            count,
            days=days,
            backend=backend,
            progress=progress,
        )
    typer.echo(f"\n{count:,} invented requests of the last {days} days.")


def inventor(connection: psycopg.Connection) -> Inventor:
    """An inventor with this installation's places, or else with those of the demonstration."""
    known = connection.execute("SELECT name, area FROM places WHERE area IS NOT NULL")
    places = [(str(name), str(area)) for name, area in known.fetchall()]
    if not places:
        demo = Gazetteer.from_csv(ROOT / "data" / "demo" / "places.csv")
        places = [(place.name, place.area) for place in demo.places.values() if place.area]
    return Inventor(load_catalogue(ROOT / "data" / "services"), ROOT / "data" / "nlu", places)
