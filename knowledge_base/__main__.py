"""Command line of the knowledge base: ``python -m knowledge_base refresh|search``."""

from knowledge_base.errors import stoppable

with stoppable():
    from knowledge_base.cli import app

    app()
