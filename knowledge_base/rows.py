"""How texts and vectors stand in the catalog's rows."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np

from knowledge_base.articles import Article
from knowledge_base.dates import iso_day
from knowledge_base.named import MOST_ANSWERS
from knowledge_base.passages import Passage, Unit
from knowledge_base.stored import StoredPassage


def title_text(title: str, heading: str) -> str:
    """What is embedded as a passage's title."""
    return f"{title}. {heading}".strip(". ")


def unit_text(title: str, heading: str, text: str) -> str:
    """What is embedded as a sentence or step of a passage: alone it seldom says what it is about."""
    return f"{title_text(title, heading)}. {text}"


def whole_text(title: str, heading: str, text: str) -> str:
    """What is embedded as a whole passage."""
    return f"{title_text(title, heading)}\n{text}"


def pack(vectors: np.ndarray) -> bytes:
    """Vectors as half-precision bytes."""
    return vectors.astype(np.float16).tobytes()


def unpack(blob: bytes) -> np.ndarray:
    """Half-precision bytes as one row of float32."""
    return np.frombuffer(blob, dtype=np.float16).astype(np.float32)


def pack_places(answered_by: Sequence[Sequence[int]]) -> bytes:
    """For each question the numbers of the units that answer it, at most ``MOST_ANSWERS``, as bytes; -1 where there are fewer."""
    return np.array([(*units, *[-1] * (MOST_ANSWERS - len(units))) for units in answered_by], dtype=np.int16).tobytes()


def unpack_places(blob: bytes) -> np.ndarray:
    """The bytes as numbers of units, shape (questions, ``MOST_ANSWERS``)."""
    return np.frombuffer(blob, dtype=np.int16).reshape(-1, MOST_ANSWERS)


def body_of(db: sqlite3.Connection, article_id: str) -> str:
    """The text and particulars of the serving version of an article, as JSON."""
    names = ("section", "audience", "plans", "product", "language")
    row = db.execute(f"SELECT {', '.join(names)} FROM articles WHERE article_id = ?", (article_id,)).fetchone()
    passages = db.execute(
        "SELECT heading, units, asked, gaps, ambiguous, answered_by FROM passages WHERE article_id = ? ORDER BY ordinal", (article_id,)
    )
    body = {
        **dict(zip(names, row, strict=True)),
        "plans": json.loads(row[2]),
        "passages": [
            [heading, *(json.loads(part) for part in parts), [[int(at) for at in row if at >= 0] for row in unpack_places(places)]]
            for heading, *parts, places in passages
        ],
    }
    return json.dumps(body, ensure_ascii=False)


def article_of(article_id: str, title: str, updated: str, digest: str, body: str) -> Article:
    """An article made again from a body."""
    kept = json.loads(body)
    return Article(
        article_id=article_id,
        title=title,
        updated=iso_day(updated),
        digest=digest,
        section=kept["section"],
        audience=kept["audience"],
        plans=tuple(kept["plans"]),
        product=kept["product"],
        language=kept["language"],
        passages=tuple(_passage(*kept_passage) for kept_passage in kept["passages"]),
    )


def _passage(
    heading: str,
    units: list[list[Any]],
    asked: list[str],
    gaps: Sequence[str] = (),
    ambiguous: Sequence[str] = (),
    answered_by: Sequence[Sequence[int]] | None = None,
) -> Passage:
    """A passage of a body; one kept before there were gaps, or before it was told what answers, lacks what came later."""
    told = [()] * len(asked) if answered_by is None else answered_by
    return Passage(
        heading, tuple(Unit(*unit) for unit in units), tuple(asked), tuple(gaps), tuple(ambiguous), tuple(tuple(places) for places in told)
    )


def passage_of(row: tuple[Any, ...]) -> StoredPassage:
    """A passage out of the row that ``Catalog.passages`` reads."""
    units = tuple(Unit(*unit) for unit in json.loads(row[8]))
    vector, unit_vectors, title_vector, asked_vectors = (unpack(blob) for blob in row[9:13])
    return StoredPassage(
        passage_id=row[0],
        article_id=row[1],
        version=row[2],
        title=row[3],
        heading=row[4],
        section=row[5],
        audience=row[6],
        text=row[7],
        units=units,
        vector=vector,
        unit_vectors=unit_vectors.reshape(len(units), -1),
        title_vector=title_vector,
        asked_vectors=asked_vectors.reshape(-1, len(title_vector)),
        answered_by=unpack_places(row[17]),
        ordinal=row[13],
        updated=row[14],
        indexed=row[15],
        language=row[16],
    )
