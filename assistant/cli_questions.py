"""The commands that bring in named questions: draft, collect."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from assistant.errors import UserError
from assistant.settings import Settings
from knowledge_base.settings import settings_with
from knowledge_base.terminal import StoreOption, user_errors

if TYPE_CHECKING:
    from assistant.draft_questions import Drafted

app = typer.Typer(no_args_is_help=True, help="Name the questions that your own help center answers.")
FILE = Path("questions.yaml")
"""Where questions go while no setting names their file."""
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="YAML file to add them to; by default the setting asked_as, or questions.yaml.", show_default=False),
]
SHOWN = 10
"""Questions that do not find their article, which the report names."""


@app.command()
def draft(
    articles: Annotated[
        list[str] | None, typer.Argument(metavar="ARTICLE", show_default=False, help="Ids of articles; all by default.")
    ] = None,
    out: OutOption = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Sections to draft for, at most.")] = None,
    more: Annotated[bool, typer.Option("--more", help="Draft also for sections that name enough, or have been drafted for.")] = False,
    store: StoreOption = None,
) -> None:
    """Have a teacher model draft questions that each section answers, and near ones that no article does, for you to read."""
    with user_errors():
        from assistant.draft_questions import answered_since, lacking, sections, undrafted_first
        from assistant.draft_questions import draft as run
        from assistant.teacher import Teacher
        from knowledge_base.retrieval import KnowledgeBase

        settings = settings_with(Settings, store=store)
        path = out or settings.asked_as or FILE
        if not path.resolve().parent.is_dir():
            raise UserError(f"There is no folder {path.parent}: make it, or name another file with --out.")
        teacher, knowledge_base = Teacher(settings), KnowledgeBase(settings)
        found = sections(settings, articles or (), path)
        wanted = undrafted_first(found, path) if more else lacking(found, path)
        if not wanted:
            typer.echo("Every section names as many questions as it has sentences, or has been drafted for: --more drafts others.")
            return
        done: list[Drafted] = []
        columns = TextColumn("sections"), BarColumn(), MofNCompleteColumn()
        try:
            with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
                bar = bars.add_task("sections", total=len(wanted[:limit]))

                def tell(item: "Drafted") -> None:
                    done.append(item)
                    bars.advance(bar)

                run(teacher, knowledge_base, wanted[:limit], path, tell)
        finally:
            if done:
                _report(done, path, settings, len(wanted) - len(done))
        for gap, asked in answered_since(knowledge_base, done):
            typer.echo(f'Take out the gap "{gap.question}" of {gap.article_id}: {asked.article_id} answers "{asked.question}".')


def _report(done: "list[Drafted]", path: Path, settings: Settings, waiting: int) -> None:
    entries = [entry for item in done for entry in item.entries]
    questions = len({(entry.article_id, entry.heading, entry.question) for entry in entries if entry.kind == "asked_as"})
    gaps = sum(entry.kind == "gaps" for entry in entries)
    typer.echo(f"{len(done)} sections: {questions} questions and {gaps} gaps drafted into {path}; {waiting} sections wait.")
    left_out = [pair for item in done for pair in item.left_out]
    examples = {why: text for text, why in reversed(left_out)}
    for why, count in Counter(why for _, why in left_out).most_common():
        typer.echo(f"left out  {count:>4}  {why}: {examples[why]}")
    hard = [(item.section.article.article_id, question) for item in done for question in item.hard]
    if hard:
        typer.echo(
            f"{len(hard)} questions do not find their article among the first five passages yet; they help most, so read them first:"
        )
        for article_id, question in hard[:SHOWN]:
            typer.echo(f"  {article_id}: {question}")
    if entries:
        typer.echo(f"Read {path} and take out what its article does not answer in full and gaps that one does; {_then(path, settings)}.")


def _then(path: Path, settings: Settings) -> str:
    """What makes a file of questions serve."""
    named = settings.asked_as is not None and settings.asked_as.resolve() == path.resolve()
    setting = "" if named else f'set asked_as = "{path}", '
    return f"{setting}then run `python -m knowledge_base refresh`"


@app.command()
def collect(out: OutOption = None, store: StoreOption = None) -> None:
    """Name the questions whose replies agents approved, and those that they settled on the desk's page of content gaps."""
    with user_errors():
        from assistant.collect_questions import collect as run

        settings = settings_with(Settings, store=store)
        path = out or settings.asked_as or FILE
        found = run(settings, path)
        if not found.taken and not found.left_out:
            typer.echo("No reply is approved and no question settled yet: do so on the desk.")
            return
        gaps = sum(entry.kind == "gaps" for entry in found.taken)
        typer.echo(f"{len(found.taken) - gaps} questions and {gaps} gaps taken, {found.new} new in {path}; {len(found.left_out)} left out.")
        examples = {why: turn for turn, why in reversed(found.left_out)}
        for why, count in Counter(why for _, why in found.left_out).most_common():
            typer.echo(f"left out  {count:>4}  {why}: turn {examples[why]}")
        if found.new:
            typer.echo(f"Read {path} and take out what tells of a customer; {_then(path, settings)}.")
