"""The commands of the assistant."""

import json
from typing import Annotated, Any

import typer

from assistant.claims import words
from assistant.cli_questions import app as questions_app
from assistant.reply import to_text
from assistant.turns import Turn
from knowledge_base.batch import batch
from knowledge_base.hits import Hit
from knowledge_base.settings import settings_with
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

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.add_typer(questions_app, name="questions")
VoiceOption = Annotated[
    str | None, typer.Option("--voice", help='An installed voice, a voice folder, "shipped", or "none" for the bare base model.')
]


@app.callback()
def main() -> None:
    """Answer questions from the knowledge base in the brand's voice."""


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="What the customer wrote.")] = None,
    customer: CustomerOption = None,
    voice: VoiceOption = None,
    store: StoreOption = None,
    plan: PlanOption = "",
    product: ProductOption = "",
    language: LanguageOption = "",
    questions: QuestionsOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question, or a file of questions, with sources."""
    with user_errors():
        from assistant.events import Finished, Piece
        from assistant.pipeline import Assistant
        from assistant.settings import Settings
        from knowledge_base.found import checked_question
        from knowledge_base.stored import Filters

        if not questions:
            checked_question(question or "")
        filters = Filters(plan=plan, product=product, language=language)
        assistant = Assistant(settings_with(Settings, store=store, voice=voice))
        if assistant.serving.trouble:
            typer.echo(assistant.serving.trouble, err=True)
        if remark := assistant.knowledge_base.unnamed(filters):
            typer.echo(remark, err=True)
        if questions:
            batch(
                questions,
                out,
                lambda item: as_row(item.id, assistant.ask(item.question, item.customer_id, item.turns, filters=filters)),
                question=question,
                customer=customer,
            )
            return
        if as_json:
            typer.echo(json.dumps(as_row(None, assistant.ask(question or "", customer, filters=filters)), ensure_ascii=False))
            return
        for event in assistant.stream(question or "", customer, filters=filters):
            if isinstance(event, Piece):
                number = f"{event.statement.step}. " if event.statement and event.statement.step else ""
                marks = "".join(f" [{source}]" for source in event.statement.sources) if event.statement else ""
                typer.echo(f"{number}{event.text}{marks}")
            elif isinstance(event, Finished):
                _show(event.turn)


@app.command()
def replay(
    turn: Annotated[str, typer.Argument(help="The id that an answer's output ends with.")],
    voice: VoiceOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a stored turn again: the same reply, or what has changed since. Exit code 1 where it differs."""
    with user_errors():
        from assistant.pipeline import Assistant
        from assistant.replay import replay as answer_again
        from assistant.settings import Settings
        from assistant.turns import Turns

        settings = settings_with(Settings, store=store, voice=voice)
        stored = Turns(settings.store).get(turn)
        result = answer_again(Assistant(settings), stored)
        if as_json:
            typer.echo(result.model_dump_json())
        else:
            typer.echo("The same reply." if result.same else "Another reply:")
            if not result.same:
                typer.echo(to_text(result.after))
            for part, lines in result.changed.items():
                typer.echo(f"Changed since, {part}: {'; '.join(lines)}")
        if not result.same:
            raise typer.Exit(1)


@app.command()
def why(
    turn: Annotated[str, typer.Argument(help="The id that an answer's output ends with.")],
    expected: Annotated[str | None, typer.Option("--expected", help="Id of the article that should have answered.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Whether a turn's fault lies in knowledge or in behaviour, with the evidence and the command that mends it."""
    with user_errors():
        from assistant.settings import Settings
        from assistant.turns import Turns
        from assistant.why import diagnose, summary
        from knowledge_base.retrieval import KnowledgeBase

        settings = settings_with(Settings, store=store)
        findings = diagnose(Turns(settings.store).get(turn), KnowledgeBase(settings), expected)
        if as_json:
            typer.echo(json.dumps([finding.model_dump() for finding in findings], ensure_ascii=False))
            return
        if not findings:
            typer.echo(summary(findings))
        for number, finding in enumerate(findings):
            typer.echo(f"{chr(10) if number else ''}{finding.area.capitalize()}: {finding.cause}.")
            for line in finding.evidence:
                typer.echo(f"  {line}")
            typer.echo(f"  To mend it: {finding.mend}.")


def as_row(name: str | int | None, turn: Turn) -> dict[str, Any]:
    """A turn as the output of ``ask``."""
    fields = (
        "turn", "reply", "retrieved", "cited", "unsupported", "confidence", "prompt_tokens", "reply_tokens",
        "first_token_s", "total_s", "voice", "engine", "withheld", "conflicts", "timing",
    )  # fmt: skip
    data = turn.model_dump(mode="json")
    return {"id": name, **{field: data[field] for field in fields}}


def _cited(hit: Hit, said: str) -> str:
    """The line under a reply that says what a source number stands for, and of the source the line nearest to what is said of it."""
    place = ", ".join(filter(None, (hit.title, hit.heading)))
    label = f"[{hit.source}]" if hit.source.startswith("c") else f"[{hit.source}] {place} [version {hit.version}]"
    line = max(hit.text.splitlines(), key=lambda line: len(set(words(said)) & set(words(line))))
    return f"{label} updated {hit.updated}: {line[:110]}"


def _show(turn: Turn) -> None:
    typer.echo("")
    for hit in turn.cited:
        typer.echo(_cited(hit, next((item.text for item in turn.reply.answer if hit.source in item.sources), "")))
    if turn.reply.note:
        typer.echo(f"Note for the agent: {turn.reply.note}")
    typer.echo(f"{turn.reply.action}, confidence {turn.confidence:.2f}, voice {turn.voice}, {turn.total_s:.1f} s, turn {turn.turn}")
