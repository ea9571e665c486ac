"""The development questions asked in more ways than they were written, to calibrate on.

Over the help center as it is and over one whose articles name no questions; with noise below the question, as in mail and
tickets; and with the articles that answer it taken out, which makes its question an unanswerable one.
"""

import random
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from knowledge_base.articles import Article, article_from_markdown, front_matter
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.settings import HERE, KnowledgeSettings
from knowledge_base.sources import FolderSource
from knowledge_base.yaml_texts import TextLoader
from tests.benchmarks import questions

FOLDS = 8
PHRASES = 1000
"""Questions that articles name which are asked of the help center that names none: enough that it hardly matters which."""
PHRASE_WEIGHT = 0.125
"""What one of them counts."""
LABELLED = 0.4
"""What a question counts that is labelled for what should be done with it alone."""
SHORT = 0.5
"""What a plain question of a few words counts for the confidence, of an article or of the account; for the vagueness it counts whole."""
FOLLOW_UP = 3.0
"""What a labelled follow-up counts, of which there are few."""
IN_CONVERSATION = 0.5
"""What a question counts, of what it counts alone, once more after a conversation that it does not lean on."""
OFF_TOPIC = 0.25
"""What an off-topic message counts: few of those that come to a support team are such."""
NOISE = (
    "2017-10-16 13:50:05,273 ERROR [main] c.acme.client.Session - request failed, retry 3 of 5",
    "\tat org.apache.http.impl.execchain.MainClientExec.execute(MainClientExec.java:236)",
    "\tat java.base/java.lang.Thread.run(Thread.java:829)",
    "Caused by: java.net.SocketTimeoutException: Read timed out",
    "Traceback (most recent call last):",
    '  File "/usr/lib/python3.9/site-packages/requests/adapters.py", line 516, in send',
    "ConnectionResetError: [Errno 104] Connection reset by peer",
    "TypeError: Cannot read properties of undefined (reading 'length') at render (bundle.4f1c2.js:1:88213)",
    "Environment: Windows 10 Pro 21H2, Chrome 108.0.5359.124, 16 GB RAM, corporate proxy",
    "We have about 12 people here and it worked fine until last Tuesday.",
    "I already restarted my laptop and tried another network.",
    "My colleague sits in another office and sees the same on her machine.",
    "Any idea what could be wrong here? Thanks in advance for looking at this.",
    "Best regards,",
    "Sent from my iPhone",
)


@dataclass(frozen=True)
class Example:
    """A question's signals in one store, whether its answer is there, and whether the right article was found."""

    features: dict[str, float]
    action: str
    group: str
    """The article that answers it: what is taken out for one question must not be learnt from another."""
    kind: str
    found: bool
    weight: float
    question: np.ndarray
    """Its vector, shape (dimension,)."""
    first: str
    """The article that was found first, "" where none was."""


def with_noise(question: str, seed: int) -> str:
    dice = random.Random(seed)
    return f"{question}\n\n" + "\n".join(dice.sample(NOISE, dice.randint(4, 9)))


def noisy(rows: list[questions.Question]) -> list[questions.Question]:
    alone = [row for row in rows if not row["history"]]
    return [{**row, "question": with_noise(row["question"], seed), "kind": "noisy"} for seed, row in enumerate(alone)]


def named(*kinds: str) -> list[str]:
    """The questions of these kinds (``asked``, ``gaps``, ``ambiguous``) that the public articles of the development half name."""
    sheet = yaml.load((HERE / "fact_sheet.yaml").read_text("utf-8"), Loader=TextLoader)  # noqa: S506  # makes only texts
    split = {article["id"]: article["split"] for article in sheet["articles"]}
    passages = [passage for article in _public() if split[article.article_id] == "dev" for passage in article.passages]
    return list(dict.fromkeys(line for kind in kinds for passage in passages for line in getattr(passage, kind)))


def phrases() -> list[questions.Question]:
    """The questions that the public articles name as answered, as questions of their own."""
    pairs = {(line, article.article_id) for article in _public() for passage in article.passages for line in passage.asked}
    rows = [questions.phrase(*pair) for pair in sorted(pairs)]
    random.Random(0).shuffle(rows)
    return rows


def conversations() -> dict[str, list[tuple[str, str]]]:
    """By article the questions that it names and the sentences that answer them: what may have been said before."""
    found: dict[str, list[tuple[str, str]]] = {}
    for article in _public():
        for passage in article.passages:
            answered = zip(passage.asked, passage.answered_by, strict=False)
            pairs = [(line, passage.units[places[0]].text) for line, places in answered if places]
            found.setdefault(article.article_id, []).extend(pairs)
    return {article: pairs for article, pairs in found.items() if pairs}


def in_conversation(
    row: questions.Question, first: str, talks: dict[str, list[tuple[str, str]]], dice: random.Random
) -> questions.Question:
    """A question put after something else was answered, of the article that it comes nearest to or, as often, of another one.

    Without such examples whatever follows a conversation seems answerable, for the history finds itself.
    """
    near = row["gold_articles"][0] if row["gold_articles"] else first
    others = [article for article in talks if article != near and article not in row["gold_articles"]]
    article = near if near in talks and dice.random() < 0.5 else dice.choice(others)
    line, sentence = dice.choice([pair for pair in talks[article] if pair[0] != row["question"]])
    said = [{"role": "customer", "text": line}, {"role": "agent", "text": sentence}]
    return {**row, "history": said, "kind": f"{row['kind']} in a conversation"}


def _public() -> list[Article]:
    """The bundled articles that customers may read."""
    articles = [article_from_markdown(path.read_bytes(), path.name) for path in sorted((HERE / "help_center").rglob("*.md"))]
    return [article for article in articles if article.audience == "public"]


def store(work: Path, phrased: bool) -> KnowledgeSettings:
    """A refreshed store of the bundled help center, with or without the questions that its articles name, answered ones, known gaps and
    ambiguous ones.
    """
    name = "phrased" if phrased else "unphrased"
    articles = work / f"{name}-articles"
    for path in (HERE / "help_center").rglob("*.md"):
        meta, text = front_matter(path.read_text("utf-8"))
        if not phrased:
            meta = {name: value for name, value in meta.items() if name not in ("asked_as", "gaps", "ambiguous")}
        target = articles / path.relative_to(HERE / "help_center")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"---\n{yaml.safe_dump(meta, allow_unicode=True)}---\n{text}", "utf-8")
    settings = KnowledgeSettings().model_copy(update={"store": work / name, "articles": (FolderSource(path=articles),)})
    refresh(settings)
    return settings


def without(settings: KnowledgeSettings, work: Path, fold: int) -> KnowledgeSettings:
    """A copy of a store that lacks the articles of one fold."""
    name = f"{settings.store.name}-{fold}"
    for folder in (work / name, work / f"{name}-articles"):
        shutil.rmtree(folder, ignore_errors=True)
    source = work / f"{settings.store.name}-articles"
    shutil.copytree(settings.store, work / name)
    for path in source.rglob("*.md"):
        if fold_of(front_matter(path.read_text("utf-8"))[0]["id"]) != fold:
            target = work / f"{name}-articles" / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    reduced = settings.model_copy(update={"store": work / name, "articles": (FolderSource(path=work / f"{name}-articles"),)})
    refresh(reduced, force=True)
    return reduced


def fold_of(article: str) -> int:
    return zlib.crc32(article.encode()) % FOLDS


def examples(work: Path, phrased: bool) -> Iterator[Example]:
    """All examples over one variant of the help center.

    The plain questions alone are asked of the phrased one without their articles, for other articles still touch what
    most of the others are about; the unphrased one has all of them.
    """
    settings = store(work, phrased)
    whole = KnowledgeBase(settings)
    dev = questions.read("dev")
    rows = dev + noisy(dev)[::3] + ([] if phrased else phrases()[:PHRASES])
    asked = [(row, PHRASE_WEIGHT if row["kind"] == "phrase" else FOLLOW_UP if row["history"] and phrased else 1.0) for row in rows]
    asked += [(row, LABELLED) for row in questions.labelled() if phrased]
    talks, dice = conversations(), random.Random(0)
    for row, weight in asked + [(row, SHORT) for row in questions.short("dev")]:
        yield (example := _example(whole, row, weight))
        # Of a help center that names no questions such examples made the refusal of other conversations worse, not better.
        if phrased and row["action"] != "ask" and row["kind"] != "account" and not row["history"]:
            yield _example(whole, in_conversation(row, example.first, talks, dice), weight * IN_CONVERSATION)
    for fold in range(FOLDS):
        reduced = KnowledgeBase(without(settings, work, fold))
        for row in rows:
            gold = {fold_of(article) for article in row["gold_articles"]}
            if row["action"] == "answer" and gold == {fold} and (row["kind"] == "plain" or not phrased):
                weight = PHRASE_WEIGHT if row["kind"] == "phrase" else 0.5
                yield _example(reduced, {**row, "action": "hand_off", "kind": f"{row['kind']} left out"}, weight)


def asked_of(knowledge_base: KnowledgeBase) -> Iterator[Example]:
    """The development questions, and a third of them with noise, asked of a whole help center."""
    dev = questions.read("dev")
    for row in dev + noisy(dev)[::3]:
        yield _example(knowledge_base, row, 1.0)
    for row in questions.labelled():
        yield _example(knowledge_base, row, LABELLED)
    for row in questions.short("dev"):
        yield _example(knowledge_base, row, 1.0)


def on_and_off_topic(knowledge_base: KnowledgeBase) -> Iterator[Example]:
    """Those questions without a history, and off-topic messages."""
    yield from (example for example in asked_of(knowledge_base) if not example.features["follow_up"])
    for row in questions.off_topic("dev"):
        yield _example(knowledge_base, row, OFF_TOPIC)


def _example(knowledge_base: KnowledgeBase, row: questions.Question, weight: float) -> Example:
    found = knowledge_base.search(row["question"], row.get("customer_id"), questions.history(row))
    articles = {passage.article_id for passage in found.passages}
    group = row["gold_articles"][0] if row["gold_articles"] else row.get("account_fact") or row["id"]
    right = bool(articles & set(row["gold_articles"])) or any(
        row["kind"] == "account" and questions.account_fact(row, hit.text) for hit in found.hits
    )
    first = found.passages[0].article_id if found.passages else ""
    return Example(found.features, row["action"], group, row["kind"], right, weight, found.query, first)
