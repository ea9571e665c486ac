"""What retrieval hands on: numbered passages and account facts."""

from pydantic import BaseModel, ConfigDict


class Hit(BaseModel):
    """A retrieved passage ("1", "2", ...) or account fact ("c1", ...), with what it takes to judge and replay it."""

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
    parts: dict[str, float] = {}
