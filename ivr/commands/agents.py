"""`ivr agents`: what each agent does."""

import dataclasses
import json

import click
from rich.table import Table

from ivr.commands._views import cell, clock_time, records, show


@click.command(name="agents")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, for programs")
def command(as_json: bool) -> None:
    """Each agent's state as the server last knew it; "?" marks phones' states that may be stale."""
    from ivr.figures.board import Board
    from ivr.figures.projection import Projection

    with records() as store:
        projection = Projection(store.known(0))
        board = Board()
        board.restore(store.state("board"))
    if as_json:
        for view in board.agents(projection):
            row = dataclasses.asdict(view) | {"since": view.since.isoformat() if view.since else None}
            click.echo(json.dumps(row | {"fresh": board.link}, ensure_ascii=False))
        return
    table = Table("agent", "state", "queue", "call", "since")
    for view in board.agents(projection):
        state = view.state if board.link else view.state + " ?"
        table.add_row(cell(view.agent), state, cell(view.queue), cell(view.call), clock_time(view.since))
    show(table)
