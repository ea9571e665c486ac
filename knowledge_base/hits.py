"""What retrieval hands on: numbered passages and account facts."""

from pydantic import BaseModel, ConfigDict


class Hit(BaseModel):
    """A retrieved passage ("1", "2", ...) or account fact ("c1", ...), with what it takes to judge and replay it.

    ``updated`` is when an article was edited, ``indexed`` when it was taken in; ``as_of`` is when an account fact was
    last known to be true.
    """

    model_config = ConfigDict(frozen=True)

    source: str
    article_id: str
    version: int
    title: str
    text: str
    score: float
    updated: str
    indexed: str
    heading: str = ""
    section: str = ""
    audience: str = "public"
    path: str = ""
    as_of: str = ""
    parts: dict[str, float] = {}


class NearQuestion(BaseModel):
    """A question that no article answers, or that several fit, as it is named beside a passage of this article."""

    model_config = ConfigDict(frozen=True)

    article_id: str
    title: str
    text: str
