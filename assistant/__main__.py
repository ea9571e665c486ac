"""Command line of the assistant: ``python -m assistant ask``."""

from assistant.errors import stoppable

with stoppable():
    from assistant.cli import app

    app()
