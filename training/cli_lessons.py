"""The commands that bring in lessons and example replies: collect, examples."""

from typing import Annotated

import typer

from assistant.errors import UserError
from assistant.settings import Settings
from knowledge_base.settings import settings_with
from knowledge_base.terminal import StoreOption, user_errors
from training.profile import load_profile, profile_file

app = typer.Typer()
ProfileArgument = Annotated[
    str | None,
    typer.Argument(metavar="NAME", help="A profile's file, or its name in training/voices; by default warm.", show_default=False),
]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="The same as NAME.", hidden=True)]
NAMED = 3
"""Lessons that the list of examples names for each situation."""


def the_profile(name: str | None, option: str | None) -> str:
    """The profile that a command names, as its argument or by the option that was there before.

    Raises:
        UserError: it names two.
    """
    if name and option and name != option:
        raise UserError(f"{name} and {option} are two profiles: name one.")
    return name or option or "warm"


@app.command()
def collect(store: StoreOption = None) -> None:
    """Make lessons and example replies of the replies that agents approved, with names and facts made up."""
    with user_errors():
        from training.collect import collect as run

        settings = settings_with(Settings, store=store)
        found = run(settings)
        for item in found.taken:
            lesson = item.lesson
            said = f"{len(lesson.statements)} statements, {item.own} as approved" if lesson.statements else "no statements"
            typer.echo(f"taken    {item.turn}  {lesson.action}, {lesson.situation}, voice {item.voice}: {said}")
        for turn, reason in found.refused:
            typer.echo(f"refused  {turn}  {reason}")
        if not found.taken and not found.refused:
            typer.echo("No reply is approved yet: approve some on the desk.")
            return
        typer.echo(f"{len(found.taken)} taken ({found.new} new), {len(found.refused)} refused; the lessons are in {found.folder}.")
        if found.taken and not settings.product_names:
            typer.echo("No lesson was searched for your product's name: set `product_names` and collect again.", err=True)


@app.command()
def examples(
    name: ProfileArgument = None,
    drafts: Annotated[int, typer.Option("--drafts", min=0, help="Most replies to have a teacher draft; 0 only lists.")] = 8,
    profile: ProfileOption = None,
    store: StoreOption = None,
) -> None:
    """List which situations lack example replies, and have some drafted where a teacher is configured."""
    with user_errors():
        from assistant.teacher import Teacher
        from training.dataset import split
        from training.examples import DRAFTS, Drafted, coverage, draft, drafted_before, to_draft
        from training.lessons import read_lessons
        from training.retrain import replies_beside

        settings, voice = settings_with(Settings, store=store), the_profile(name, profile)
        chosen, replies = load_profile(voice), replies_beside(voice)
        lessons, _ = split(read_lessons())
        found = coverage(chosen, lessons, replies)
        for item in found:
            names = ", ".join(lesson.id for lesson in item.candidates[:NAMED]) or "none is left"
            lacks = f"{item.missing} to write, for example for {names}" if item.missing else "enough"
            typer.echo(f"{item.situation:<13}{item.have:>4} of {item.wanted:>3}  {lacks}")
        file = profile_file(voice)
        path = file.with_name(f"{file.stem}{DRAFTS}")
        wanted = to_draft(found, drafts, drafted_before(path))
        if not wanted:
            return
        if not settings.teacher_url:
            typer.echo("To have some drafted, set teacher_url and teacher_model to an OpenAI-compatible server.")
            return

        def tell(item: Drafted) -> None:
            typer.echo(f"{item.lesson}: {'; '.join(item.findings) or 'drafted, no findings'}")

        by_id = {lesson.id: lesson for lesson in lessons}
        pairs = [(by_id[reply.lesson], reply) for reply in replies if reply.lesson in by_id]
        draft(Teacher(settings), chosen, wanted, pairs, path, tell)
        typer.echo(f"Read the drafts in {path}, mend them, and move good ones without their findings to {file.stem}.replies.jsonl.")
