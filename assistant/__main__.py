"""Command line of the assistant: ``python -m assistant ask``."""

from assistant.cli import app

app()
