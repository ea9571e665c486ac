"""Command line of the voice: ``python -m training retrain|lint|evaluate``."""

from training.cli import app

app()
