"""Why this answer: whether what is wrong with a turn is knowledge or behaviour, with the evidence and the command that mends it.

Facts are edited, never trained; manner is trained, never edited into articles. So the first question to any bad answer is which
of the two it was.
"""

import datetime
from collections.abc import Iterator, Sequence

from assistant.decision import WISHED
from assistant.errors import ReplyFormatError
from assistant.expected import of_expected
from assistant.findings import RETRAIN, Finding, edit, hit_line
from assistant.reply import parse
from assistant.turns import Turn
from knowledge_base.catalog import Catalog, Known
from knowledge_base.retrieval import KnowledgeBase

OLD_ARTICLE_DAYS = 365
OLD_RECORD_DAYS = 7


def diagnose(turn: Turn, knowledge_base: KnowledgeBase, expected: str | None = None) -> list[Finding]:
    """What may be wrong with a turn, the likeliest cause first; empty where nothing stands out.

    Args:
        turn: the stored turn.
        knowledge_base: the knowledge base as it is now.
        expected: the id of the article that should have answered, where the agent knows it.
    """
    with Catalog(knowledge_base.settings.store) as catalog:
        articles = catalog.known_articles()
    return [
        *(missed := list(of_expected(turn, knowledge_base, articles, expected)) if expected else []),
        *_of_sources(turn, articles),
        *([] if missed else _of_action(turn, articles)),
        *_of_length(turn),
        *_of_age(turn, articles),
        *_of_writing(turn),
    ]


def _of_sources(turn: Turn, articles: dict[str, Known]) -> Iterator[Finding]:
    for item in turn.withheld:
        yield Finding(
            area="knowledge",
            cause=f"“{item.title}” was not used, because it gives the assistant orders",
            evidence=[item.reason],
            mend=edit(item.article_id, articles),
        )
    by_source = {hit.source: hit for hit in turn.retrieved}
    for conflict in turn.conflicts:
        hits = [by_source[source] for source in conflict.sources if source in by_source]
        if conflict.kind == "sources":
            yield Finding(
                area="knowledge",
                cause=f"two articles disagree: {conflict.difference}",
                evidence=[hit_line(hit) for hit in hits],
                mend=edit(hits[-1].article_id, articles) if hits else "correct the one that is wrong",
            )
        else:
            yield Finding(
                area="knowledge",
                cause=f"the account contradicts the question: {conflict.difference}",
                evidence=[hit_line(hit) for hit in hits],
                mend="correct the record in its source if the customer is right, then `python -m knowledge_base refresh`",
            )


def _of_action(turn: Turn, articles: dict[str, Known]) -> Iterator[Finding]:
    passages = [hit for hit in turn.retrieved if not hit.source.startswith("c")]
    nearest = [hit_line(hit) for hit in passages[:3]]
    if turn.wish:
        yield Finding(
            area="knowledge", cause=WISHED[turn.wish].rstrip("."), evidence=[turn.question[:120]], mend="nothing: no article answers it"
        )
        return
    if turn.leans_on:
        yield Finding(
            area="knowledge",
            cause="it leans on a question that was handed off",
            evidence=[turn.leans_on[:120]],
            mend="nothing: answer both together, or write an article that answers the question before it",
        )
        return
    if turn.language:
        yield Finding(
            area="knowledge",
            cause=f"the question seems to be written in {turn.language}, and no article found is",
            evidence=nearest,
            mend=f"answer it by hand, or add articles in {turn.language}, then `python -m knowledge_base refresh`",
        )
        return
    noted = [hit for hit in turn.noted if hit.audience == "internal"]
    internal = [hit for hit in noted if not hit.source.startswith("c")]
    if of_account := [hit for hit in noted if hit not in internal]:
        yield Finding(
            area="knowledge",
            cause="an account fact that bears on it may only be told to the agent",
            evidence=[hit_line(hit) for hit in of_account],
            mend="nothing where that is so; else take `audience: internal` out of its entry in the wording file, then refresh",
        )
    if turn.not_held:
        yield Finding(
            area="knowledge",
            cause=f"not on this account: {', '.join(turn.not_held)}",
            evidence=[],
            mend="nothing where the customer mistook it; else add it to the record in its source, then `python -m knowledge_base refresh`",
        )
    elif turn.reply.action == "hand_off" and not turn.withheld:
        told = f"nothing found that answers it (confidence {turn.confidence:.2f})"
        gap = turn.known_gap
        if gap:
            told, nearest = f"{told}, and it resembles a known gap", [f"known gap of “{gap.title}”: {gap.text}", *nearest]
        if internal:
            yield Finding(
                area="knowledge",
                cause=f"{told}; an internal article bears on it",
                evidence=[hit_line(hit) for hit in internal],
                mend=f"{edit(internal[0].article_id, articles)}, or write a public one",
            )
        else:
            first = passages[0].article_id if passages else ""
            how = " so that it answers this, and take the gap out of its `gaps`" if gap else ""
            write = "write an article that answers it, then `python -m knowledge_base refresh`"
            mend = edit(gap.article_id if gap else first, articles, how) if first else write
            yield Finding(area="knowledge", cause=told, evidence=nearest, mend=f"{mend}; or write a new one if none of these is about it")
    if turn.reply.action == "ask" and not turn.vagueness:
        # Asked for things of the account, which no likelihood decides.
        yield Finding(
            area="knowledge",
            cause="several things of the account fit the question, and it names none",
            evidence=[hit_line(hit) for hit in turn.retrieved if hit.source.startswith("c")][:3],
            mend="nothing where it leaves open which one is meant; else ask with its number, its date or its amount",
        )
    elif turn.reply.action == "ask":
        like = turn.ambiguous
        named = [f"ambiguous question of “{like.title}”: {like.text}"] if like else []
        out = f" and take that question out of the `ambiguous` of {like.article_id}" if like else ""
        yield Finding(
            area="knowledge",
            cause=f"several articles fit the question equally well (vagueness {turn.vagueness:.2f})",
            evidence=[*named, *nearest],
            mend=f"where one of them should answer, add the customer's words to its `asked_as`{out}, then refresh the knowledge base",
        )


def _of_length(turn: Turn) -> Iterator[Finding]:
    if turn.left_out:
        yield Finding(
            area="knowledge",
            cause="evidence was left out for its length",
            evidence=turn.left_out,
            mend="shorten the article's sentences, or raise the setting evidence_tokens (DESK_EVIDENCE_TOKENS)",
        )


def _of_age(turn: Turn, articles: dict[str, Known]) -> Iterator[Finding]:
    for hit in turn.cited:
        if hit.source.startswith("c"):
            if _days(hit.as_of, turn.at) > OLD_RECORD_DAYS:
                yield Finding(
                    area="knowledge",
                    cause="the account data was old",
                    evidence=[hit_line(hit)],
                    mend="export the records anew, then `python -m knowledge_base refresh`",
                )
            continue
        known = articles.get(hit.article_id)
        if known is None or known.version != hit.version:
            yield Finding(
                area="knowledge",
                cause=f"“{hit.title}” "
                + ("has been removed since" if known is None else f"has been edited since, now version {known.version}"),
                evidence=[hit_line(hit)],
                mend=f"ask again, or `python -m assistant replay {turn.turn}`",
            )
        elif _days(hit.updated, turn.at) > OLD_ARTICLE_DAYS:
            yield Finding(
                area="knowledge",
                cause=f"“{hit.title}” may be outdated: it was edited more than a year before",
                evidence=[hit_line(hit)],
                mend=edit(hit.article_id, articles),
            )


def _of_writing(turn: Turn) -> Iterator[Finding]:
    if turn.unsupported:
        quoted = sum(item.instead == "quoted" for item in turn.unsupported)
        again = len(turn.unsupported) - quoted
        instead = ", ".join([*([f"{quoted} quoted instead"] if quoted else []), *([f"{again} written again"] if again else [])])
        yield Finding(
            area="behaviour",
            cause=f"the model said {len(turn.unsupported)} of its statements otherwise than their source: {instead}",
            evidence=[f"[{', '.join(item.sources)}] {item.text} ({item.reason})" for item in turn.unsupported],
            mend=RETRAIN,
        )
    try:
        written = parse(turn.written, turn.reply.action)
    except ReplyFormatError as error:
        yield Finding(
            area="behaviour",
            cause=f"the model's text broke off or lost the structure: {error}",
            evidence=[turn.written[-160:]],
            mend=RETRAIN,
        )
        return
    for part, wrote, stands in (
        ("greeting", written.greeting, turn.reply.greeting),
        ("next step", written.next_step, turn.reply.next_step),
    ):
        if wrote != stands:
            yield Finding(
                area="behaviour",
                cause=f"the model's {part} was not in the voice, of another situation or not sound: a phrase of the voice stands for it",
                evidence=[wrote, stands],
                mend=f"nothing where the phrase fits; else add such a {part} to the voice's profile, then `python -m training retrain`",
            )


def summary(findings: Sequence[Finding]) -> str:
    """The diagnosis in one sentence."""
    if not findings:
        return "Nothing stands out: sources and statements agree. If a fact is wrong, edit its article; if only the tone is, add a lesson."
    area = findings[0].area
    return f"{'Knowledge' if area == 'knowledge' else 'Behaviour'}: {findings[0].cause}."


def _days(before: str, after: str) -> float:
    """Days between two stamps; 0 where one of them is no date."""
    try:
        ends = [datetime.datetime.fromisoformat(stamp) for stamp in (before, after)]
    except ValueError:
        return 0.0
    first, last = (end if end.tzinfo else end.replace(tzinfo=datetime.UTC) for end in ends)
    return (last - first).total_seconds() / 86_400
