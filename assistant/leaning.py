"""What leans on a question that was handed off: nothing that was said before that one is what it is about."""

from collections.abc import Sequence

from assistant.turns import Turn
from knowledge_base import topic
from knowledge_base.found import Search


def handed_off(history: Sequence[tuple[str, str]], turns: Sequence[Turn]) -> str:
    """The question before this one where it was handed off; else empty.

    Args:
        history: earlier (role, text) turns, oldest first.
        turns: those of the conversation that are stored. What is not among them counts as not handed off.
    """
    stored = {turn.question: turn for turn in turns}
    asked = [stored.get(text) for role, text in history if role != "agent"]
    last = next((turn for turn in reversed(asked) if turn is None or not turn.courtesy), None)
    return last.question if last and last.reply.action == "hand_off" else ""


def leans(search: Search) -> bool:
    """Whether a question of which this was found is read with what was said before, and names nothing of the account."""
    return bool(search.features.get("follow_up")) and search.which is None and not search.not_held and topic.leans(search.question)
