"""TechQA as a help center of plain files, one per document, and its questions; for measuring only."""

import json
import os
from pathlib import Path
from typing import Any

from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.settings import KnowledgeSettings

DATA = Path(os.environ.get("BENCHMARK_DATA", "../shared/data"))
QUESTIONS = DATA / "techqa" / "questions.jsonl"
MISSING = f"techqa: left out, there is no {QUESTIONS} (set BENCHMARK_DATA)"


def read() -> list[dict[str, Any]]:
    """The questions, cut at 5,000 characters; ``gold`` holds the file names of the documents that answer."""
    rows = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    for row in rows:
        row["question"] = row["question"][:5000]
        row["gold"] = {f"{Path(context['filename']).stem}.md" for context in row["contexts"]}
    return rows


def opened(rows: list[dict[str, Any]], folder: Path) -> KnowledgeBase:
    """The documents, indexed. Each begins with "Title: ..." and "Text:"; the title becomes the article's."""
    articles = folder / "articles"
    articles.mkdir(parents=True, exist_ok=True)
    for row in rows:
        for context in row["contexts"]:
            title, _, text = context["text"].removeprefix("Title:").partition("\n")
            written = f"---\ntitle: {json.dumps(title.strip())}\n---\n{text.strip().removeprefix('Text:')}"
            (articles / f"{Path(context['filename']).stem}.md").write_text(written, "utf-8")
    (folder / "customers.jsonl").write_text("", "utf-8")
    settings = KnowledgeSettings(store=folder / "store", articles=articles, customers=folder / "customers.jsonl")
    refresh(settings)
    return KnowledgeBase(settings)
