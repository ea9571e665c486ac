"""The commands of what was: history, restore, purge."""

import json
import re
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from knowledge_base.errors import UserError
from knowledge_base.settings import KnowledgeSettings, settings_with
from knowledge_base.terminal import JsonOption, StoreOption, user_errors

app = typer.Typer()
SHOWN = 20
"""Entries of the history that are shown unless more are asked for."""
_MOMENT = re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)Z$")


@app.command()
def history(
    article: Annotated[
        str | None, typer.Argument(help="An article's id; without it, the refreshes, restores and purges are listed.")
    ] = None,
    last: Annotated[
        int | None, typer.Option("--last", min=1, help="Show only so many, the newest; without an article 20 by default.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the versions of an article that are kept, or the refreshes that changed something, the restores and the purges."""
    with user_errors():
        from knowledge_base.catalog import Catalog
        from knowledge_base.versions import history as versions

        settings = settings_with(KnowledgeSettings, store=store)
        if article is None:
            with Catalog(settings.store) as catalog:
                rows = [_entry(at, report) for at, report in catalog.refreshes(last or SHOWN)]
                checked = catalog.meta("checked")
            names: tuple[str, ...] = ("at", "what", "articles", "customers", "left_out", "passages", "seconds")
            title = f"refreshes; the sources were last looked at {checked}"
        else:
            rows = [
                {
                    "version": f"{item.article_id}@{item.version}", "since": item.first, "title": item.title, "edited": item.updated,
                    "indexed": item.indexed,
                    "retired": item.retired or "serves", "restorable": bool(item.kept and item.retired),
                }
                for item in versions(settings, article)[:last]
            ]  # fmt: skip
            names = ("version", "title", "edited", "indexed", "retired", "restorable")
            title = f"versions of {article}"
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    # Without lines between the columns, and with times of two words, a row fits 80 columns without a word being cut.
    table = Table(title=plain(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(plain(_shown(row[name])) for name in names))
    Console().print(table)


def _shown(value: object) -> str:
    """A value for people, the day and the time of day of a moment apart."""
    return _MOMENT.sub(r"\1 \2", "" if value is None else str(value))


def _numbers(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _entry(at: str, report: dict[str, Any]) -> dict[str, Any]:
    """An entry of the history; those of earlier programs are of refreshes, without passages and seconds."""
    entry = {"event": "refresh", "subject": "", "passages": None, "seconds": None, **report}
    return {
        "at": at,
        "what": f"{entry['event']} {entry['subject']}".strip(),
        **entry,
        "articles": _numbers({name: entry[name] for name in ("added", "changed", "removed", "unchanged")}),
        "customers": _numbers({name: entry[f"customers_{name}"] for name in ("changed", "removed")}),
        "left_out": len(entry["quarantined"]) + len(entry["unreached"]),
    }


@app.command()
def restore(
    version: Annotated[str, typer.Argument(help="ARTICLE@VERSION, as `history ARTICLE` shows it.")], store: StoreOption = None
) -> None:
    """Serve a former version of an article again, until its source is edited."""
    with user_errors():
        from knowledge_base.versions import restore as run

        number = run(settings_with(KnowledgeSettings, store=store), version)
    typer.echo(f"{version} serves again, as version {number}; it stays until its source is edited.")


@app.command()
def purge(
    article: Annotated[str | None, typer.Argument(help="The article's id, as `search` shows it.")] = None,
    customer: Annotated[str | None, typer.Option("--customer", help="The customer to erase instead.")] = None,
    store: StoreOption = None,
) -> None:
    """Erase an article with all its versions, or a customer, and the stored turns that draw on them."""
    with user_errors():
        from knowledge_base import erasure

        if (article is None) == (customer is None):
            raise UserError("Name one thing to erase: an article's id, or a customer with --customer.")
        settings = settings_with(KnowledgeSettings, store=store)
        if article is not None:
            count = erasure.purge_article(settings, article)
            done = f"{article}: {count} {'version' if count == 1 else 'versions'} erased"
        elif erasure.purge_customer(settings, customer or ""):
            done = f"{customer} erased"
        else:
            raise UserError(f"There is no customer {customer!r} on record: check the id; stored turns about such a customer are erased.")
    typer.echo(
        f"{done}, and the turns that drew on it. If its source still holds it, the next refresh brings it back: remove it there too."
    )
    if article is not None and settings.asked_as:
        typer.echo(f"{settings.asked_as} is a file of yours: if it holds questions for {article}, take them out as well.")


def plain(text: str) -> Text:
    """A text that is shown as it is: brackets in articles and ids are no markup."""
    return Text(text)
