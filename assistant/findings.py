"""Findings: what was wrong with a turn, and the words in which places and remedies are named."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel

from knowledge_base.catalog import Known
from knowledge_base.hits import Hit

REFRESH = "`python -m knowledge_base refresh`"
RETRAIN = "write a lesson for it in training/lessons (an invented product), then `python -m training retrain`"


class Finding(BaseModel):
    """One cause, by area: ``knowledge`` is mended in a source, ``behaviour`` by a lesson and retraining."""

    area: Literal["knowledge", "behaviour"]
    cause: str
    evidence: list[str]
    mend: str


def edit(article_id: str, articles: Mapping[str, Known], how: str = "") -> str:
    """How an article is edited: where it stands, what to do there, and the command that takes it in."""
    known = articles.get(article_id)
    if article_id.startswith("customer:"):
        return f"correct the record in its source, then {REFRESH}"
    place = f"{known.path} ({known.source})" if known else article_id
    return f"edit {place}{how}, then {REFRESH}"


def hit_line(hit: Hit) -> str:
    """A source in one line."""
    if hit.source.startswith("c"):
        return f"[{hit.source}] as of {hit.as_of or hit.indexed}: {hit.text}"
    place = ", ".join(filter(None, (hit.title, hit.heading)))
    return f"[{hit.source}] {place} ({hit.article_id}, version {hit.version}, updated {hit.updated})"
