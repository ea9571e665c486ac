"""The commands of the installed voices: voices, promote, rollback, diff, export."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from assistant import promotion
from assistant.settings import Settings
from knowledge_base.settings import settings_with
from knowledge_base.terminal import StoreOption, user_errors
from training.scores import summary

app = typer.Typer()
VoiceArgument = Annotated[str, typer.Argument(metavar="NAME@VERSION", help='An installed voice, "shipped", or the path of a voice folder.')]


class Form(StrEnum):
    """What a voice can be exported as."""

    SAFETENSORS = "safetensors"
    GGUF = "gguf"
    PEFT = "peft"


@app.command()
def voices(store: StoreOption = None) -> None:
    """List the installed voices: which is active, which was before it, and their scores."""
    with user_errors():
        found = promotion.installed(settings_with(Settings, store=store))
        width = max(len(_named(item)) for item in found)
        for item in found:
            said = summary(item.voice.card.scores) if item.voice else f"cannot be used: {item.trouble}"
            typer.echo(f"{item.state or '-':<8}{_named(item):<{width}}  {said}")


@app.command()
def promote(voice: VoiceArgument, store: StoreOption = None) -> None:
    """Make a voice the active one; running desks pick it up. A voice in a folder is installed first."""
    with user_errors():
        chosen = promotion.promote(voice, settings_with(Settings, store=store))
        typer.echo(f"{chosen.label} is active: {summary(chosen.card.scores)}.")


@app.command()
def rollback(store: StoreOption = None) -> None:
    """Go back to the voice that was active before; once more takes that back."""
    with user_errors():
        chosen = promotion.rollback(settings_with(Settings, store=store))
        typer.echo(f"{chosen.label} is active again: {summary(chosen.card.scores)}.")


@app.command()
def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A voice, as for promote.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    store: StoreOption = None,
) -> None:
    """Show how two voices differ: recipe, scores, lessons and replies by their ids, and profile."""
    with user_errors():
        from training.compare import difference

        settings = settings_with(Settings, store=store)
        for line in difference(promotion.find(a, settings), promotion.find(b, settings)):
            typer.echo(line)


@app.command()
def export(
    voice: VoiceArgument,
    form: Annotated[
        Form,
        typer.Option(
            "--format",
            help="safetensors: merged, for transformers; gguf: merged, for llama.cpp; peft: the adapter, for vLLM's --lora-modules.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder to write; new or empty.")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Run the export in transformers, OpenVINO and, where xllamacpp is installed, llama.cpp.")
    ] = False,
    store: StoreOption = None,
) -> None:
    """Write a voice in a form that other servers load; vLLM itself is never run here."""
    with user_errors():
        from training.export import export as write
        from training.export import served_by
        from training.verify import verify as run

        settings = settings_with(Settings, store=store)
        chosen = promotion.find(voice, settings)
        path = write(chosen, form.value, out, settings)
        typer.echo(f"{chosen.label} is written to {path}. Serve it with\n  {served_by(chosen, form.value, path)}")
        for sentence in run(chosen, form.value, path, settings) if verify else ["It was not run: --verify does that."]:
            typer.echo(sentence)


def _named(item: promotion.Installed) -> str:
    return f"{item.name} ({item.voice.label})" if item.voice and item.name != item.voice.label else item.name
