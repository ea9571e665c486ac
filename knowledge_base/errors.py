"""The one error that a user is meant to read, and the end of a command at Ctrl-C."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

STOPPED = "Stopped before it was done: run the same command again to have it done."


class UserError(Exception):
    """One clear sentence that says what went wrong and what to do next; shown as it is, without a traceback."""


class NoArticleError(UserError):
    """The store has never held an article of this id, or nothing of it is kept."""

    def __init__(self, article_id: str) -> None:
        super().__init__(f"There is no article {article_id!r} in the store and no former version of it: check the id with `search`.")


@contextmanager
def stoppable() -> Iterator[None]:
    """Within it, Ctrl-C ends the process with one sentence, whatever it is at; imports take seconds, so they belong within it too."""
    usual = sys.unraisablehook

    def unraisable(lost: Any) -> None:
        """Ctrl-C may fall into a callback, where Python tells of it and goes on."""
        if isinstance(lost.exc_value, KeyboardInterrupt):
            stop()
        usual(lost)

    sys.unraisablehook = unraisable
    try:
        yield
    except KeyboardInterrupt:
        stop()
    except SystemExit as end:
        if end.code == 130:  # Typer's own answer to Ctrl-C, without a word
            stop()
        raise


def stop(sentence: str = STOPPED) -> NoReturn:
    """End the process as Ctrl-C does, with a sentence on standard error and exit code 130.

    Not by way of the interpreter's end: a thread may be in a library's C++ code, which would abort the process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.write(f"{sentence}\n")
        sys.stderr.flush()
    os._exit(130)
