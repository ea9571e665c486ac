"""What the help center lacks: questions that were handed off or asked back about, by what they come nearest to."""

from collections.abc import Mapping

from pydantic import BaseModel

from assistant.findings import edit
from assistant.turns import Turns
from knowledge_base.catalog import Known


class ContentGap(BaseModel):
    """Questions that came nearest to the same article, or to the same known gap or ambiguous question of one."""

    article_id: str
    title: str
    named: str
    """The known gap or the ambiguous question that they resemble; "" where they resemble none."""
    handed_off: list[str] = []
    asked_back: list[str] = []

    @property
    def count(self) -> int:
        """How many questions it left open."""
        return len(self.handed_off) + len(self.asked_back)

    def mend(self, articles: Mapping[str, Known]) -> str:
        """What closes it: which article to edit, where it stands and how."""
        if not self.article_id:
            return "write an article that answers it, then `python -m knowledge_base refresh`"
        if self.handed_off:
            how = " so that it answers this" + (", and take the gap out of its `gaps`" if self.named else "")
        else:
            how = ": add the customers' words to its `asked_as` if it answers them"
        return edit(self.article_id, articles, how)


def content_gaps(turns: Turns) -> list[ContentGap]:
    """The gaps that the last turns tell of, those that left most questions open first; questions newest first.

    Where a thing of the account was asked back about, no article is missing.
    """
    found: dict[tuple[str, str], ContentGap] = {}
    for turn in turns.unanswered():
        near = turn.known_gap if turn.action == "hand_off" else turn.ambiguous
        passage = turn.nearest if turn.nearest and not turn.nearest.source.startswith("c") else None
        if turn.action == "ask" and not turn.vagueness:
            continue
        article = near or passage
        named = near.text if near else ""
        new = ContentGap(article_id=article.article_id if article else "", title=article.title if article else "", named=named)
        gap = found.setdefault((new.article_id, named), new)
        (gap.handed_off if turn.action == "hand_off" else gap.asked_back).append(turn.question)
    return sorted(found.values(), key=lambda gap: -gap.count)
