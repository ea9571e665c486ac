"""The commands of the knowledge base."""

import json
import logging
import os
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from knowledge_base.errors import UserError
from knowledge_base.settings import KnowledgeSettings, settings_with

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help="Refresh and search the facts.")
console = Console(stderr=True)

StoreOption = Annotated[Path | None, typer.Option("--store", help="Folder of the knowledge base; by default the setting, ./data.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
CustomerOption = Annotated[str | None, typer.Option("--customer", help="Customer whose account facts may be used.")]
QuestionsOption = Annotated[
    Path | None,
    typer.Option("--questions", help='JSONL of {"id", "question", "customer_id"?, "history"?: [{"role", "text"}]}.'),
]
OutOption = Annotated[Path | None, typer.Option("--out", help="JSONL to write the results of --questions to.")]


class Turn(BaseModel):
    """One earlier message of a batch question."""

    role: str
    text: str


class BatchQuestion(BaseModel):
    """One line of a batch file."""

    id: str | int
    question: str
    customer_id: str | None = None
    history: list[Turn] = []

    @property
    def turns(self) -> list[tuple[str, str]]:
        """The history as (role, text) pairs."""
        return [(turn.role, turn.text) for turn in self.history]


@app.command()
def refresh(
    articles: Annotated[Path | None, typer.Option(help="Folder of the articles; by default the setting.")] = None,
    customers: Annotated[Path | None, typer.Option(help="JSONL of account records; by default the setting.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the store in line with the articles and account records; only what changed is done."""
    with user_errors():
        from knowledge_base.refresh import refresh as run

        settings = settings_with(KnowledgeSettings, store=store, articles=articles, customers=customers)
        with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True) as bars:
            tasks: dict[str, Any] = {}

            def progress(what: str, done: int, total: int) -> None:
                tasks.setdefault(what, bars.add_task(what, total=total) if what not in tasks else None)
                bars.update(tasks[what], completed=done)

            report = run(settings, progress)
    if as_json:
        typer.echo(report.model_dump_json())
        return
    typer.echo(
        f"{report.added} articles added, {report.changed} changed, {report.removed} removed, {report.unchanged} unchanged; "
        f"{report.customers_changed} customers changed, {report.customers_removed} removed; "
        f"{report.passages} passages serve, {report.seconds:.1f} s."
    )
    for item in report.quarantined:
        typer.echo(f"Left out: {item.path} {item.reason}.", err=True)


@app.command()
def search(
    question: Annotated[str | None, typer.Argument(help="What the customer wants to know.")] = None,
    customer: CustomerOption = None,
    store: StoreOption = None,
    questions: QuestionsOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what retrieval finds for a question: passages and account facts with their scores."""
    with user_errors():
        from knowledge_base.retrieval import KnowledgeBase, Search

        knowledge_base = KnowledgeBase(settings_with(KnowledgeSettings, store=store))

        def result(name: str | int | None, found: Search) -> dict[str, Any]:
            hits = [hit.model_dump() for hit in found.hits]
            return {"id": name, "confidence": found.confidence, "hits": hits, "seconds": found.seconds}

        if questions:
            batch(
                questions,
                out,
                lambda item: result(item.id, knowledge_base.search(item.question, item.customer_id, item.turns)),
            )
            return
        found = knowledge_base.search(question or "", customer)
        if as_json:
            typer.echo(json.dumps(result(None, found), ensure_ascii=False))
            return
        table = Table(title=f"confidence {found.confidence:.2f}, {found.seconds * 1000:.0f} ms", title_justify="left")
        for column in ("", "article", "text", "score", "parts", "updated"):
            table.add_column(column, overflow="fold")
        for hit in found.hits:
            parts = " ".join(f"{name} {value:.2f}" for name, value in hit.parts.items())
            name = f"{hit.title}\n{hit.heading}".strip()
            table.add_row(hit.source, name, hit.text[:160], f"{hit.score:.3f}", parts, hit.updated)
        Console().print(table)


def batch(questions: Path, out: Path | None, answer: Callable[[BatchQuestion], dict[str, Any]]) -> None:
    """Answer a file of questions, one JSON line each; a question that cannot be answered yields {"id", "error"}.

    Raises:
        UserError: the file is missing, a line is no question, or no output file is named.
    """
    if out is None:
        raise UserError("Name the file for the results with --out.")
    items = list(_read_batch(questions))
    failed = 0
    with out.open("w", encoding="utf-8") as file:
        for item in items:
            try:
                row = answer(item)
            except UserError as error:
                failed += 1
                row = {"id": item.id, "error": str(error)}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
    typer.echo(f"{len(items) - failed} of {len(items)} questions done, results in {out}.", err=True)
    if failed:
        raise typer.Exit(1)


def _read_batch(path: Path) -> Iterator[BatchQuestion]:
    if not path.is_file():
        raise UserError(f"There is no question file {path}: name a JSONL file with --questions.")
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise UserError(f"The question file {path} is not UTF-8 text: save it as UTF-8.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield BatchQuestion.model_validate_json(line)
            except ValidationError as error:
                reason = error.errors()[0]["msg"]
                raise UserError(f"{path} line {number} is no question ({reason}); mend the line.") from error


class user_errors:  # noqa: N801  # used like a function, as contextlib's own are
    """Within it, a ``UserError`` becomes one sentence on standard error and exit code 1."""

    def __enter__(self) -> None:
        quiet()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, UserError):
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            typer.echo(f"The setting {'.'.join(map(str, first['loc']))} is wrong: {first['msg'].lower()}.", err=True)
            raise typer.Exit(1) from None
        if isinstance(error, tomllib.TOMLDecodeError):
            typer.echo(f"The file settings.toml is not valid TOML ({error}): mend it.", err=True)
            raise typer.Exit(1) from None
        if isinstance(error, OSError) and error.filename and error.strerror:
            typer.echo(f"{error.filename} cannot be read or written ({error.strerror.lower()}): check the path.", err=True)
            raise typer.Exit(1) from None


def quiet() -> None:
    """Keep the libraries' own chatter off the terminal, and off the net."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    if not sys.flags.dev_mode:
        import warnings

        warnings.filterwarnings("ignore")
    try:
        from transformers.utils import logging as transformers_logging
    except ImportError:
        return
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
