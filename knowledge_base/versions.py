"""Going back: the former versions of an article, and bringing one to serve again."""

import re

from knowledge_base.catalog import Catalog
from knowledge_base.change import change, settle, store_lock
from knowledge_base.embedder import Embedder
from knowledge_base.errors import NoArticleError, UserError
from knowledge_base.index import begin, open_index, sweep
from knowledge_base.refresh import made_by, put_vectors
from knowledge_base.rows import article_of
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.stored import StoredVersion


def history(settings: KnowledgeSettings, article_id: str) -> list[StoredVersion]:
    """The versions of an article that are kept, newest first.

    Raises:
        UserError: the store never held such an article, or its versions are gone.
    """
    with Catalog(settings.store) as catalog:
        found = catalog.versions(article_id)
    if not found:
        raise NoArticleError(article_id)
    return found


def restore(settings: KnowledgeSettings, name: str) -> int:
    """Serve a former version of an article again, as a version of its own.

    It serves until its source changes: a refresh leaves it alone as long as the source holds what it held.

    Args:
        settings: names the store.
        name: ``ARTICLE@VERSION``.

    Returns:
        the number it serves under now.

    Raises:
        UserError: there is no such version, or it serves already.
    """
    article_id, _, number = name.rpartition("@")
    if not article_id or not re.fullmatch("[0-9]{1,9}", number):
        raise UserError(f"{name!r} names no version: write ARTICLE@VERSION, as `history ARTICLE` shows it.")
    with store_lock(settings.store), Catalog(settings.store) as catalog:
        if catalog.meta("made_by") != made_by(settings):
            raise UserError(
                "The store was made with another embedding model or an earlier program: run `python -m knowledge_base refresh` first."
            )
        versions = {item.version: item for item in catalog.versions(article_id)}
        if not versions:
            raise NoArticleError(article_id)
        wanted = versions.get(int(number))
        if wanted is not None and not wanted.retired:
            raise UserError(f"{name} serves already: choose a former version, as `history {article_id}` shows them.")
        body = catalog.version_body(article_id, int(number))
        if wanted is None or body is None:
            raise UserError(_not_kept(article_id, int(number), list(versions.values())))
        known = catalog.known_articles().get(article_id)
        article = article_of(article_id, wanted.title, wanted.updated, known.digest if known else "", body)
        version = catalog.next_version(article_id)
        begin(settings.store, catalog)
        index = open_index(settings.store, catalog)
        made = Embedder(settings).article(article, catalog.known_vectors(article_id))
        put_vectors(index, catalog, [(article, version)], [made])
        index.close()
        with change(catalog) as flip:
            flip.put_article(article, version, made, known.source if known else "", known.path if known else "", restored=True)
            flip.record("restore", name, **{"changed" if known else "added": 1})
        sweep(settings.store, catalog)
        settle(catalog.db)
    return version


def _not_kept(article_id: str, number: int, versions: list[StoredVersion]) -> str:
    was = any(item.first <= number <= item.version for item in versions)
    name = f"{article_id}@{number}"
    kept = [f"{article_id}@{item.version}" for item in versions if item.kept and item.retired]
    instead = f"restore {' or '.join(kept)}, or edit the article" if kept else "edit the article, for no former version of it is kept"
    return f"{f'The text of {name} is no longer kept' if was else f'There is no version {name}'}: {instead}."
