"""Command line of the voice: ``python -m training retrain|lint|voices|promote|rollback|diff|export``."""

from training.cli import app

app()
