"""Whether to answer, to ask back or to hand off, decided outside the model; and the note that tells the agent why."""

from collections.abc import Sequence

from assistant.reply import Action, Wish
from assistant.settings import Settings
from assistant.turns import Unsupported
from knowledge_base.found import Search
from knowledge_base.hits import Hit

MOST_OPTIONS = 3
INTERNAL_SCORE = 2.6
"""Least retrieval score at which an internal article is named to the agent."""


def decide(search: Search, has_evidence: bool, settings: Settings) -> Action:
    """Ask back where a question fits several articles or things of the account, hand off what the knowledge base probably does
    not answer, else answer.

    To ask back comes first, for a question that leaves open what it is about is near to no article, so its confidence is low.
    Of things of the account no probability is held against a threshold: several fit or they do not, and of one that goes by a
    name of its own they say what is asked or not (``which_thing``): no article, which the confidence weighs, knows a customer's kettle.
    What the account does not have is nobody's to answer, for it may be another's; nor is a sum, which no fact says.
    """
    if search.not_held or (search.which and search.which.total):
        return "hand_off"
    if search.which and search.which.options:
        return "ask"
    if search.vagueness > settings.ask_above and has_evidence and len(options(search)) > 1:
        return "ask"
    told = search.which is not None and search.which.says
    if not has_evidence or (search.confidence < settings.hand_off_below and not told):
        return "hand_off"
    return "answer"


WISHED: dict[Wish, str] = {
    "greeting": "The message is a greeting and asks nothing.",
    "thanks": "The message says thanks and asks nothing.",
    "acknowledgement": "The message says that it is understood and asks nothing.",
    "goodbye": "The message says goodbye and asks nothing.",
    "person": "The customer asks for a person.",
    "legal": "The customer threatens legal steps or a regulator.",
    "complaint": "The customer complains, and asks nothing that an article could answer.",
}
"""What the agent is told of a message that asks nothing."""


def options(search: Search) -> tuple[str, ...]:
    """What an ask tells apart: things of the account, or the titles of the best articles, as they would stand inside a sentence."""
    if search.which and search.which.options:
        return tuple(option.name for option in search.which.options)
    titles = dict.fromkeys(passage.title for passage in search.passages)
    return tuple(_inside(title) for title in list(titles)[:MOST_OPTIONS])


def note(
    search: Search,
    action: Action,
    unsupported: Sequence[Unsupported],
    left_out: Sequence[str],
    internal: Hit | None,
    wish: Wish | None = None,
    leans_on: str = "",
) -> str:
    """What the agent should know and the customer should not read; ``leans_on`` is the question before, where that is why."""
    said = _why(search, action) if wish is None else [WISHED[wish]]
    said = [f"It leans on “{leans_on}”, which was handed off: answer both together."] if leans_on else said
    if unsupported:
        said.append(_mended(unsupported))
    if left_out:
        said.append(f"Left out of the prompt for its length: {'; '.join(left_out)}")
    if internal:
        said.append(f"For agents only: see “{internal.title}” ({internal.article_id}).")
    return " ".join(said)


def _why(search: Search, action: Action) -> list[str]:
    """Why a question is not answered, and what only the agent may know."""
    said = [f"For the agent only: {hit.text}" for hit in search.for_agent]
    said += [f"{name} is not on this account." for name in search.not_held]
    which = search.which
    if which and which.total:
        said.append(f"A sum is asked for: {which.total} over {which.count} of the kind “{which.kind}”. Check it before you send it.")
    elif action == "answer" and which and which.count > which.asked > 0:
        said.append(f"{which.count} account objects of the kind “{which.kind}” fit this question, of which the newest are said.")
    elif action == "hand_off" and not search.not_held:
        nearest = f" The nearest article is “{search.hits[0].title}”." if search.passages else ""
        known = search.known_gap
        gap = f" It resembles a known gap of “{known.title}”: “{known.text}”" if known else ""
        said.append(f"The knowledge base does not seem to answer this (confidence {search.confidence:.2f}).{nearest}{gap}")
    if action == "ask" and search.which and search.which.options:
        said.append(f"Several account objects of the kind “{search.which.kind}” fit this question ({search.which.count}).")
    elif action == "ask":
        like = search.ambiguous
        resembled = f" It resembles an ambiguous one of “{like.title}”: “{like.text}”" if like else ""
        said.append(f"Several articles fit this question (vagueness {search.vagueness:.2f}).{resembled}")
    return said


def _mended(unsupported: Sequence[Unsupported]) -> str:
    """What became of the statements that did not match their source."""
    again = sum(item.instead == "regenerated" for item in unsupported)
    if len(unsupported) == 1:
        return f"One of the model's statements did not match its source and was {'written again' if again else 'replaced by a quote'}."
    counts = {"written again": again, "replaced by a quote": len(unsupported) - again}
    instead = ", ".join(f"{count} {how}" for how, count in counts.items() if count)
    return f"{len(unsupported)} of the model's statements did not match their source: {instead}."


def _inside(title: str) -> str:
    """A title inside a sentence: its first letter small, unless the word is a name or an abbreviation."""
    first = title.split(maxsplit=1)[0] if title.split() else ""
    return title[:1].lower() + title[1:] if first[1:].islower() or len(first) == 1 else title
