"""What the help center lacks: questions that were handed off or asked back about, by what they come nearest to."""

from collections.abc import Mapping

from pydantic import BaseModel

from assistant.findings import edit
from assistant.open_questions import Unanswered, Verdict, unanswered
from assistant.reply import Action
from assistant.turns import Turns
from knowledge_base.catalog import Known


class OpenQuestion(BaseModel):
    """A question as its newest turn asks it, all turns of the gap that ask the same, newest first, and what an agent said of it."""

    text: str
    verdict: Verdict | None
    asked: list[Unanswered]


class ContentGap(BaseModel):
    """Questions that came nearest to the same article, or to the same known gap or ambiguous question of one."""

    article_id: str
    title: str
    named: str
    """The known gap or the ambiguous question that they resemble; "" where they resemble none."""
    questions: list[OpenQuestion] = []
    """Newest first."""

    @property
    def open(self) -> list[OpenQuestion]:
        """Those of which nobody has said anything yet."""
        return [question for question in self.questions if question.verdict is None]

    @property
    def settled(self) -> list[OpenQuestion]:
        """Those that an agent said something of."""
        return [question for question in self.questions if question.verdict]

    @property
    def kept(self) -> list[OpenQuestion]:
        """Of the settled ones those that are the help center's."""
        return [question for question in self.questions if question.verdict and question.verdict.kind != "dismissed"]

    def count(self, action: Action | None = None) -> int:
        """How many turns left an open question open, in this way or in either."""
        return sum(action in (None, turn.action) for question in self.open for turn in question.asked)

    def mend(self, articles: Mapping[str, Known]) -> str:
        """What closes it: which article to edit, where it stands and how."""
        if not self.article_id:
            return "write an article that answers it, then `python -m knowledge_base refresh`"
        if self.count("hand_off"):
            how = " so that it answers this" + (", and take the gap out of its `gaps`" if self.named else "")
        else:
            how = ": add the customers' words to its `asked_as` if it answers them"
        return edit(self.article_id, articles, how)


def content_gaps(turns: Turns) -> list[ContentGap]:
    """The gaps that the last turns tell of, those that left most questions open first.

    Where a thing of the account was asked back about, no article is missing.
    """
    found: dict[tuple[str, str], ContentGap] = {}
    asked: dict[tuple[str, str, str], OpenQuestion] = {}
    for turn in unanswered(turns):
        near = turn.known_gap if turn.action == "hand_off" else turn.ambiguous
        passage = turn.nearest if turn.nearest and not turn.nearest.source.startswith("c") else None
        if turn.action == "ask" and not turn.vagueness:
            continue
        article = near or passage
        named = near.text if near else ""
        new = ContentGap(article_id=article.article_id if article else "", title=article.title if article else "", named=named)
        gap = found.setdefault((new.article_id, named), new)
        key = (gap.article_id, gap.named, turn.asks)
        if key not in asked:
            asked[key] = OpenQuestion(text=turn.message, verdict=turn.verdict, asked=[])
            gap.questions.append(asked[key])
        asked[key].asked.append(turn)
    return sorted(found.values(), key=lambda gap: -gap.count())
