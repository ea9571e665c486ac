"""The commands of the voice."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from assistant.settings import Settings
from knowledge_base.settings import settings_with
from knowledge_base.terminal import StoreOption, user_errors
from training import cli_voices
from training.profile import load_profile

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help="Retrain and check the voice.")
app.add_typer(cli_voices.app)
console = Console(stderr=True)
ProfileOption = Annotated[str, typer.Option("--profile", help="A profile's file, or its name in training/voices.")]


@app.command()
def retrain(
    profile: ProfileOption = "warm",
    epochs: Annotated[float | None, typer.Option(help="Passes over the lessons; by default the recipe's.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the voice to this folder instead of installing it.")] = None,
    store: StoreOption = None,
) -> None:
    """Train the voice that a profile describes, try it on held-out lessons, and install it."""
    with user_errors():
        from training.finetune import Progress as Step
        from training.finetune import Recipe
        from training.retrain import retrain as run

        settings = settings_with(Settings, store=store)
        recipe = Recipe() if epochs is None else Recipe(epochs=epochs)
        with Progress(
            TextColumn("training"), BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn(), console=console
        ) as bars:
            task = bars.add_task("", total=None)

            def report(step: Step) -> None:
                recent = step.losses[-10:]
                text = f"loss {sum(recent) / len(recent):.3f}, {step.tokens / step.seconds:.0f} tokens/s"
                bars.update(task, total=step.steps, completed=step.step, description=text)

            chosen = load_profile(profile)
            folder = out or settings.voices / f".{chosen.name}.draft"
            voice = run(chosen, settings, recipe, folder, report)
            if out is None:
                from assistant.voices import install

                voice = install(folder, settings)
        scores = ", ".join(f"{name} {value:.2f}" for name, value in voice.card.scores.items())
        typer.echo(f"{voice.label} is {'written to ' + str(out) if out else 'installed and active'}: {scores}.")


@app.command()
def lint(profile: ProfileOption = "warm", store: StoreOption = None) -> None:
    """Check that the training set is sound and teaches no live fact; prints every finding."""
    with user_errors():
        from training.dataset import training_set
        from training.retrain import findings

        settings = settings_with(Settings, store=store)
        chosen = load_profile(profile)
        if found := findings(chosen, settings):
            for finding in found:
                typer.echo(str(finding))
            raise typer.Exit(1)
        examples, held_out = training_set(chosen)
        typer.echo(f"{len(examples)} examples to train on, {len(held_out)} lessons held out, no live fact.")
