"""What the commands of all packages share at the terminal: their common options, and errors as one sentence."""

import logging
import os
import sqlite3
import sys
import tomllib
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from knowledge_base.errors import UserError
from knowledge_base.settings_file import wrong_setting

StoreOption = Annotated[Path | None, typer.Option("--store", help="Folder of the knowledge base; by default the setting, ./data.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
CustomerOption = Annotated[str | None, typer.Option("--customer", help="Customer whose account facts may be used.")]
PlanOption = Annotated[str, typer.Option("--plan", help="Only articles for this plan, and those for every plan.")]
ProductOption = Annotated[str, typer.Option("--product", help="Only articles for this product, and those for every product.")]
LanguageOption = Annotated[str, typer.Option("--language", help="Only articles in this language, and those without one.")]
QuestionsOption = Annotated[
    Path | None,
    typer.Option("--questions", help='JSONL of {"id", "question", "customer_id"?, "history"?: [{"role", "text"}]}.'),
]
OutOption = Annotated[Path | None, typer.Option("--out", help="JSONL to write the results of --questions to.")]


def sentence(error: BaseException | None) -> str | None:
    """What a user reads of an error that they can do something about, or None where it is none of those."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, ValidationError):
        return wrong_setting(error)
    if isinstance(error, SettingsError):
        return f"A setting of the environment cannot be read ({error}): mend it."
    if isinstance(error, tomllib.TOMLDecodeError):
        return f"The file settings.toml is not valid TOML ({error}): mend it."
    if isinstance(error, sqlite3.Error):
        return f"A file of the store cannot be read or written ({error}): free or mend the disk and try again."
    if isinstance(error, UnicodeEncodeError):
        return "An argument is not UTF-8 text: type it anew."
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename} cannot be read or written ({error.strerror.lower()}): check the path."
    return None


class user_errors:  # noqa: N801  # used like a function, as contextlib's own are
    """Within it, an error that a user can do something about becomes one sentence on standard error and exit code 1."""

    def __enter__(self) -> None:
        quiet()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if told := sentence(error):
            typer.echo(told, err=True)
            raise typer.Exit(1) from None


def quiet() -> None:
    """Keep the libraries' own chatter off the terminal, and off the net."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TQDM_DISABLE", "1")  # transformers draws a bar of its own for each GGUF file
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
