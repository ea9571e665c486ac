"""Command line of the voice: ``python -m training retrain|lint|collect|examples|voices|promote|rollback|diff|export``."""

from assistant.errors import stoppable

with stoppable():
    from training.cli import app

    app()
