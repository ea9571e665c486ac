"""The commands of the knowledge base."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from knowledge_base.batch import batch, turn_of
from knowledge_base.cli_history import app as history_app
from knowledge_base.cli_history import plain
from knowledge_base.errors import UserError, stop
from knowledge_base.settings import KnowledgeSettings, settings_with
from knowledge_base.terminal import (
    CustomerOption,
    JsonOption,
    LanguageOption,
    OutOption,
    PlanOption,
    ProductOption,
    QuestionsOption,
    StoreOption,
    user_errors,
)

if TYPE_CHECKING:
    from knowledge_base.found import Search
    from knowledge_base.plan import Plan
    from knowledge_base.refresh import RefreshReport

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Refresh and search the facts; look at former versions, bring them back, and erase.",
)
app.add_typer(history_app)
console = Console(stderr=True)

ArticlesOption = Annotated[Path | None, typer.Option(help="Folder of the articles; by default the sources of the settings.")]
CustomersOption = Annotated[Path | None, typer.Option(help="JSONL or CSV of account records; by default the sources of the settings.")]


@app.command()
def refresh(
    articles: ArticlesOption = None,
    customers: CustomersOption = None,
    store: StoreOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan and change nothing; exit code 1 where the run would fail.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Remove even more articles or customers than the setting allows.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring the store in line with the articles and account records; only what changed is done."""
    with user_errors():
        from knowledge_base import refresh as work

        settings = settings_with(KnowledgeSettings, store=store, articles=articles, customers=customers)
        with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True) as bars:
            tasks: dict[str, Any] = {}

            def progress(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bars.add_task(what, total=total or None)
                bars.update(tasks[what], completed=done)

            if dry_run:
                plan = work.preview(settings, progress, force)
            else:
                report = _refreshed(settings, progress, force, bars)
        if dry_run:
            _show_plan(plan, as_json)
            raise typer.Exit(1 if plan.refused or plan.unreached else 0)
    if as_json:
        typer.echo(report.model_dump_json())
    else:
        _show_report(report)
    if report.unreached:
        raise typer.Exit(1)


def _refreshed(settings: KnowledgeSettings, progress: Any, force: bool, bars: Progress) -> "RefreshReport":
    """Refresh; where too much would be removed, ask the person at the terminal."""
    from knowledge_base.plan import TooManyRemovalsError
    from knowledge_base.refresh import refresh as run

    try:
        return run(settings, progress, force)
    except TooManyRemovalsError as error:
        bars.stop()
        try:
            agreed = sys.stdin.isatty() and typer.confirm(f"{error} Remove them?", err=True)
        except typer.Abort:
            raise KeyboardInterrupt from None
        if not agreed:
            raise
        return run(settings, progress, force=True)


def _show_plan(plan: "Plan", as_json: bool) -> None:
    lists = {
        "added": plan.added, "changed": plan.changed, "removed": plan.removed,
        "customers_changed": plan.customers_changed, "customers_removed": plan.customers_removed,
    }  # fmt: skip
    left_out = [item.model_dump() for item in [*plan.unreached, *plan.quarantined]]
    if as_json:
        typer.echo(json.dumps({**lists, "unchanged": plan.unchanged, "quarantined": left_out, "refused": plan.refused}, ensure_ascii=False))
        return
    for name, ids in lists.items():
        typer.echo("\n  ".join([f"{name.replace('_', ' ')}: {len(ids)}", *ids]))
    typer.echo(f"unchanged: {plan.unchanged}")
    for item in left_out:
        typer.echo(f"Left out: {item['path']}: {item['reason']}", err=True)
    if plan.refused:
        typer.echo(plan.refused, err=True)
    typer.echo("Nothing was changed.")


def _show_report(report: "RefreshReport") -> None:
    typer.echo(
        f"{report.added} articles added, {report.changed} changed, {report.removed} removed, {report.unchanged} unchanged; "
        f"{report.customers_changed} customers changed, {report.customers_removed} removed; "
        f"{report.passages} passages serve, {report.embedded} texts embedded, {report.seconds:.1f} s."
    )
    for item in report.unreached:
        typer.echo(f"Not reached, left as it was: {item.path}: {item.reason}", err=True)
    for item in report.quarantined:
        typer.echo(f"Left out: {item.path} {item.reason}.", err=True)
    if report.erasing:
        typer.echo(f"Not erased yet: {report.erasing}", err=True)


@app.command()
def watch(articles: ArticlesOption = None, customers: CustomersOption = None, store: StoreOption = None) -> None:
    """Follow the folders and files of the sources and refresh on save, until Ctrl-C."""
    with user_errors():
        from knowledge_base.watch import follow

        settings = settings_with(KnowledgeSettings, store=store, articles=articles, customers=customers)
        try:
            for outcome in follow(settings):
                if isinstance(outcome, UserError):
                    typer.echo(str(outcome), err=True)
                else:
                    _show_report(outcome)
        except KeyboardInterrupt:
            stop("No longer watching.")


@app.command()
def search(
    question: Annotated[str | None, typer.Argument(help="What the customer wants to know.")] = None,
    customer: CustomerOption = None,
    store: StoreOption = None,
    audience: Annotated[str, typer.Option(help="public or internal.")] = "public",
    plan: PlanOption = "",
    product: ProductOption = "",
    language: LanguageOption = "",
    history: Annotated[
        list[str] | None, typer.Option("--history", help='An earlier turn, "customer: ..." or "agent: ..."; repeat it, the oldest first.')
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", help="Rank as if this part weighed nothing: dense, unit, title, asked or lexical; may be repeated."),
    ] = None,
    questions: QuestionsOption = None,
    out: OutOption = None,
    all_facts: Annotated[bool, typer.Option("--all-facts", help="Show also the account facts that hardly matter.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what retrieval finds for a question: passages and account facts with their scores, filters and timing."""
    with user_errors():
        from knowledge_base.ranking import without as weights_without
        from knowledge_base.retrieval import KnowledgeBase
        from knowledge_base.stored import Filters

        if audience not in ("public", "internal"):
            raise UserError(f"There is no audience {audience!r}: choose public or internal.")
        filters, turns = Filters(audience, plan, product, language), [turn_of(text) for text in history or ()]
        knowledge_base = KnowledgeBase(settings_with(KnowledgeSettings, store=store), weights_without(without or ()))
        if remark := knowledge_base.unnamed(filters):
            typer.echo(remark, err=True)
        if questions:
            if turns:
                raise UserError("Each line of --questions has its own `history`: put the turns there and leave out --history.")
            batch(
                questions,
                out,
                lambda item: _as_row(item.id, knowledge_base.search(item.question, item.customer_id, item.turns, filters)),
                question=question,
                customer=customer,
            )
            return
        found = knowledge_base.search(question or "", customer, turns, filters)
        if as_json:
            typer.echo(json.dumps(_as_row(None, found), ensure_ascii=False))
            return
        used = [f"{name} {value}" for name, value in filters.__dict__.items() if value] + ([f"customer {customer}"] if customer else [])
        _show_search(found, [*used, *(f"without {part}" for part in without or ())], all_facts)


def _as_row(name: str | int | None, found: "Search") -> dict[str, Any]:
    return {
        "id": name,
        "confidence": found.confidence,
        "vagueness": found.vagueness,
        "known_gap": found.known_gap.model_dump() if found.known_gap else None,
        "ambiguous": found.ambiguous.model_dump() if found.ambiguous else None,
        "which": found.which.told() if found.which else None,
        "hits": [hit.model_dump() for hit in found.hits],
        "for_agent": [hit.model_dump() for hit in found.for_agent],
        "seconds": found.seconds,
        "timing": found.timing,
    }


def _show_search(found: "Search", used: list[str], all_facts: bool) -> None:
    from knowledge_base.evidence import NARROWING

    hits = [hit for hit in found.hits if all_facts or not hit.as_of or hit.score >= NARROWING.fact]
    judged = f"confidence {found.confidence:.2f}, vagueness {found.vagueness:.2f}"
    table = Table(title=judged, title_justify="left", show_lines=True)
    for column in ("", "article", "text", "score", "parts", "dates"):
        table.add_column(column, overflow="fold")
    for hit in hits:
        parts = "\n".join(f"{name} {value:.2f}" for name, value in hit.parts.items())
        dates = f"as of {hit.as_of}" if hit.as_of else f"edited {hit.updated}\nindexed {hit.indexed}"
        name = hit.path if hit.as_of else f"{hit.article_id}@{hit.version}\n{hit.title}\n{hit.heading}".strip()
        table.add_row(*map(plain, (hit.source, name, hit.text[:240], f"{hit.score:.3f}", parts, dates)))
    if hits:
        Console().print(table)
    else:
        typer.echo(f"Nothing found: {judged}.")
    if left := len(found.hits) - len(hits):
        typer.echo(f"Account facts that hardly matter, under {NARROWING.fact}: {left}; --all-facts shows them.")
    if found.known_gap:
        typer.echo(f"Resembles a known gap of {found.known_gap.article_id}: {found.known_gap.text}")
    if found.ambiguous:
        typer.echo(f"Resembles an ambiguous question of {found.ambiguous.article_id}: {found.ambiguous.text}")
    if found.for_agent:
        typer.echo("For the agent only: " + " ".join(hit.text for hit in found.for_agent))
    if told := found.which.told() if found.which else {}:
        names, facts = (" | ".join(told[name]) for name in ("options", "facts"))
        meant = f"asked back between: {names}" if names else f"meant: {facts}" if facts else "no single one is asked for"
        typer.echo(f"Account objects of the kind “{told['kind']}” that fit: {told['count']}; {meant}")
    typer.echo(f"Filters: {', '.join(used)}.")
    typer.echo("Signals: " + ", ".join(f"{name} {value:.2f}" for name, value in found.features.items()) + ".")
    laps = ", ".join(f"{stage} {seconds * 1000:.0f}" for stage, seconds in found.timing.items())
    typer.echo(f"Milliseconds: {laps}; in all {found.seconds * 1000:.0f}.")
