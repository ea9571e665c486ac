"""The commands of the voice."""

import dataclasses
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from assistant.errors import stop
from assistant.settings import Settings
from knowledge_base.settings import settings_with
from knowledge_base.terminal import StoreOption, user_errors
from training.cli_lessons import ProfileArgument, ProfileOption, the_profile
from training.cli_lessons import app as lessons_app
from training.cli_voices import app as voices_app
from training.lessons import LESSONS
from training.profile import load_profile
from training.scores import summary

if TYPE_CHECKING:
    from training.retrain import Outcome

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help="Retrain, check and install voices.")
app.add_typer(lessons_app)
app.add_typer(voices_app)
console = Console(stderr=True)
LessonsOption = Annotated[Path, typer.Option("--lessons", help="Folder of the lessons; by default training/lessons.", show_default=False)]


class Preset(StrEnum):
    """Recipes for a kind of machine."""

    LAPTOP = "laptop"
    GPU = "gpu"


class Start(StrEnum):
    """Whose adapter training goes on from."""

    BASE = "base"
    SHIPPED = "shipped"
    ACTIVE = "active"


@app.command()
def retrain(
    name: ProfileArgument = None,
    preset: Annotated[Preset, typer.Option(help="The recipe: for a laptop's CPU, or for one or more GPUs (QLoRA).")] = Preset.LAPTOP,
    start: Annotated[Start | None, typer.Option(help="Whose adapter to go on from; by default the shipped voice's.")] = None,
    epochs: Annotated[float | None, typer.Option(help="Passes over the lessons; by default the recipe's.")] = None,
    hours: Annotated[float | None, typer.Option(help="Most hours to train.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be trained on and how long it would take here.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the voice to this folder instead of installing it.")] = None,
    lessons: LessonsOption = LESSONS,
    profile: ProfileOption = None,
    store: StoreOption = None,
) -> None:
    """Train the voice that a profile describes, try it beside the active one, and install it if it is no worse."""
    with user_errors():
        from training.finetune import PRESETS, main_process
        from training.finetune import Progress as Step
        from training.machine import four_bits
        from training.retrain import Order, approved_replies, replies_beside
        from training.retrain import retrain as run

        settings = settings_with(Settings, store=store)
        voice = the_profile(name, profile)
        chosen = load_profile(voice)
        recipe = PRESETS[preset.value]
        if recipe.quantize:
            recipe = dataclasses.replace(recipe, quantize=four_bits(settings.base_model))
        if epochs is not None:
            recipe = dataclasses.replace(recipe, epochs=epochs)
        replies = [*replies_beside(voice), *approved_replies(chosen, settings.store)]
        order = Order(chosen, replies, recipe, start.value if start else None, hours, lessons)
        if dry_run:
            from training.estimate import estimate

            typer.echo(estimate(order, settings))
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=not main_process()) as bars:
            training = bars.add_task("training", total=None)
            stages: dict[str, TaskID] = {}

            def step(progress: Step) -> None:
                recent = progress.losses[-10:]
                rate = progress.tokens / max(progress.seconds, 1e-9)
                text = f"training, loss {sum(recent) / len(recent):.3f}, {rate:.0f} tokens/s"
                bars.update(training, total=progress.steps, completed=progress.step, description=text)

            def tell(what: str, done: int, of: int) -> None:
                if what not in stages:
                    for task in stages.values():
                        bars.update(task, completed=bars.tasks[task].total or 1)
                    stages[what] = bars.add_task(what, total=of)
                bars.update(stages[what], total=of, completed=done)

            try:
                outcome = run(order, settings, step, tell, out)
            except KeyboardInterrupt:
                bars.stop()
                stop("Stopped: the active voice is unchanged, and the same command goes on from the last checkpoint.")
        if outcome:
            _tell(outcome, out)


def _tell(outcome: "Outcome", out: Path | None) -> None:
    """Say what came of it; a refused voice ends the command with 1."""
    typer.echo(f"{outcome.voice.label}: {summary(outcome.voice.card.scores)}.")
    for finding in outcome.refused:
        typer.echo(f"Refused: {finding}.")
        for sample in finding.samples[:3]:
            typer.echo(f"  {sample}")
    if out:
        typer.echo(f"Written to {out}; the report is {outcome.report}.")
    elif outcome.refused:
        typer.echo(f"The active voice is unchanged. The report is {outcome.report}; edit the profile or its example replies and retrain.")
    else:
        typer.echo(f"Installed and active; the report is {outcome.report}.")
    if outcome.refused:
        raise typer.Exit(1)


@app.command()
def lint(name: ProfileArgument = None, lessons: LessonsOption = LESSONS, profile: ProfileOption = None, store: StoreOption = None) -> None:
    """Check that the training set is sound and teaches no live fact; prints every finding."""
    with user_errors():
        from training.dataset import build, split
        from training.lessons import approved_lessons, read_lessons
        from training.lint import findings
        from training.retrain import approved_replies, replies_beside

        settings, voice = settings_with(Settings, store=store), the_profile(name, profile)
        chosen, approved = load_profile(voice), approved_lessons(settings.store)
        replies = [*replies_beside(voice), *approved_replies(chosen, settings.store)]
        if found := findings(chosen, replies, settings, lessons, approved):
            for finding in found:
                typer.echo(str(finding))
            raise typer.Exit(1)
        train, held_out = split([*read_lessons(lessons), *approved], lessons)
        examples = build(chosen, train, replies)
        typer.echo(f"{len(examples)} examples to train on, {len(held_out)} lessons held out, no live fact.")
