"""The article that should have answered: why it did not, or what of it was left out."""

from collections.abc import Iterator
from difflib import get_close_matches

from assistant.findings import REFRESH, RETRAIN, Finding, edit, hit_line
from assistant.prompt import brief_of, plain
from assistant.turns import Turn
from knowledge_base.catalog import Catalog, Known
from knowledge_base.hits import Hit
from knowledge_base.letters import body
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.stored import PUBLIC

SEARCHED = 40
"""How far down the passages an expected article is looked for."""
MOST_LINES = 6
"""Lines of an article that are named, at most."""
LONGEST = 120
"""Characters of a line or question that are shown."""


def of_expected(turn: Turn, knowledge_base: KnowledgeBase, articles: dict[str, Known], expected: str) -> Iterator[Finding]:
    """What kept an article from answering a turn, or from answering it in full.

    Args:
        turn: the stored turn.
        knowledge_base: the knowledge base as it is now.
        articles: what serves now.
        expected: the article's id.
    """
    if expected in {item.article_id for item in turn.withheld}:
        return  # said with what it orders
    cited = [hit for hit in turn.cited if hit.article_id == expected]
    if expected not in articles:
        if not cited:  # of what was cited and is gone the age tells
            yield _missing(knowledge_base, articles, expected)
    elif cited:
        yield _left_out(turn, knowledge_base, articles, cited)
    elif articles[expected].audience != PUBLIC.audience:
        yield Finding(
            area="knowledge",
            cause=f"{expected!r} is an internal article, which no reply to a customer draws on",
            evidence=[],
            mend=f"write a public article that says it, or make it public: {edit(expected, articles)}",
        )
    elif found := [hit for hit in turn.retrieved if hit.article_id == expected]:
        yield _not_used(turn, articles, found)
    else:
        yield _not_found(turn, knowledge_base, articles, expected)


def _missing(knowledge_base: KnowledgeBase, articles: dict[str, Known], expected: str) -> Finding:
    with Catalog(knowledge_base.settings.store) as catalog:
        former = catalog.versions(expected)
    if former:
        last = former[0]
        again = f"`python -m knowledge_base restore {expected}@{last.version}`, or " if last.kept else ""
        return Finding(
            area="knowledge",
            cause=f"{expected!r} was removed on {last.retired[:10]}",
            evidence=[f"{last.title} (version {last.version}, updated {last.updated})"],
            mend=f"{again}put it back into its source, then {REFRESH}",
        )
    return Finding(
        area="knowledge",
        cause=f"there is no article {expected!r} in the knowledge base",
        evidence=[f"there is {name!r}" for name in get_close_matches(expected, articles, 3)],
        mend=f"write it, then {REFRESH}",
    )


def _left_out(turn: Turn, knowledge_base: KnowledgeBase, articles: dict[str, Known], cited: list[Hit]) -> Finding:
    """What of an article that was cited is not in the reply; where all is, how it was put is at fault."""
    expected = cited[0].article_id
    said = [item.text for item in brief_of(turn.prompt, turn.reply.action).evidence if item.source in {hit.source for hit in cited}]
    with Catalog(knowledge_base.settings.store) as catalog:
        passages = catalog.article(expected).passages
    lines = [(passage.heading, plain(unit.text)) for passage in passages for unit in passage.units]
    left = [(heading, line) for heading, line in lines if not any(text.endswith(line) for text in said)]
    if not left:
        return Finding(
            area="behaviour",
            cause=f"{expected!r} was cited and all of it was said, so that how it was said is at fault",
            evidence=[hit_line(hit) for hit in cited],
            mend=RETRAIN,
        )
    shown = {hit.heading for hit in cited}
    left.sort(key=lambda item: item[0] not in shown)
    more = [f"and {len(left) - MOST_LINES} more"] if len(left) > MOST_LINES else []
    how = f" so that what was missed stands under a heading of its own with {_asked_as(turn)}"
    return Finding(
        area="knowledge",
        cause=f"{expected!r} was cited, and {len(left)} of its {len(lines)} lines were left out",
        evidence=[*(f"not said: {': '.join(filter(None, (heading, _short(line))))}" for heading, line in left[:MOST_LINES]), *more],
        mend=f"{edit(expected, articles, how)}; where nothing was missed and only the manner is wrong, {RETRAIN}",
    )


def _not_used(turn: Turn, articles: dict[str, Known], found: list[Hit]) -> Finding:
    """Why an article that was found is not in the reply: a threshold, or other lines that were nearer."""
    best = found[0]
    where = f"{best.article_id!r} was found as [{best.source}]"
    below, above = (turn.settings.get(name) for name in ("hand_off_below", "ask_above"))
    if turn.reply.action == "ask":
        limit = f", above {above:.2f} (ask_above)" if above is not None else ""
        why = f"asked back: vagueness {turn.vagueness:.2f}{limit}" if turn.vagueness else "asked back which thing of the account is meant"
    elif turn.reply.action == "hand_off" and (below is None or turn.confidence < below):
        limit = f", under {below:.2f} (hand_off_below)" if below is not None else ""
        why = f"handed off: confidence {turn.confidence:.2f}{limit}"
    else:
        why = "none of its lines was chosen as bearing on the question"
    cited = [f"[{hit.source}] “{hit.title}” was cited" for hit in turn.cited]
    return Finding(
        area="knowledge",
        cause=f"{where}, but {why}",
        evidence=[*map(hit_line, found), *cited],
        mend=edit(best.article_id, articles, f" so that “{best.heading or best.title}” has {_asked_as(turn)}"),
    )


def _not_found(turn: Turn, knowledge_base: KnowledgeBase, articles: dict[str, Known], expected: str) -> Finding:
    found = knowledge_base.search(turn.question, None, turn.history, turn.filters, SEARCHED)
    ranks = [rank for rank, hit in enumerate(found.hits, 1) if hit.article_id == expected]
    where = f"its best passage is number {ranks[0]} of what is found" if ranks else f"none of its passages is among the best {SEARCHED}"
    with Catalog(knowledge_base.settings.store) as catalog:
        language = catalog.article(expected).language
        others = {catalog.article(hit.article_id).language for hit in turn.retrieved if hit.article_id in articles} - {"", language}
    foreign = [f"it is written in {language!r}, what was found in {', '.join(map(repr, sorted(others)))}"] if language and others else []
    return Finding(
        area="knowledge",
        cause=f"wrong article: {expected!r} should have answered, and {where}",
        evidence=[*foreign, *(f"[{hit.source}] “{hit.title}” was cited" for hit in turn.cited)],
        mend=edit(expected, articles, f" so that it says what the customer asks in the customer's words, with {_asked_as(turn)}"),
    )


def _asked_as(turn: Turn) -> str:
    return f"an `asked_as` line such as “{_short(body(turn.question))}”"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
