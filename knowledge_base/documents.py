"""A file's bytes as an article, by its kind."""

from knowledge_base.articles import Article, article_from_markdown

KINDS = {".md": article_from_markdown, ".markdown": article_from_markdown}


def article_from_file(raw: bytes, path: str, edited: str = "") -> Article:
    """An article from the bytes of a file; ``path`` and ``edited`` stand in where the file says nothing of them.

    Raises:
        ValueError: one sentence on what is wrong with the file.
    """
    return KINDS["." + path.rsplit(".", 1)[-1].lower()](raw, path, edited)
