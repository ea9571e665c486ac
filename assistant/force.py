"""Force: whether a sentence says that something was, is, will or may be so, how far it holds, and for whom.

Small words carry it, which the comparison of content words leaves out.
"""

import re
from bisect import bisect_left
from collections import Counter
from itertools import combinations, pairwise

from assistant.claims import figures, words

_PAST = re.compile(r"(?i)\b(?:was|were|been|had)\b|\b(?:was|were)n['’]t\b")
_OVER = re.compile(r"(?i)\b(?:ha[sd]|have|last|latest|ago|since|already|(?<!\bis )(?<!\bare )(?<!\bbe )\w+ed)\b|['’]ve\b")
"""What a sentence without "was" may have that speaks of what is over."""
_FUTURE = re.compile(r"(?i)\b(?:will|won['’]t|shall|going to)\b|['’]ll\b")
_MAY = re.compile(r"(?i)\b(?:may|might)\b")
_MAY_HAVE = re.compile(r"(?i)\b(?:may|might|could) (?:have|need) to\b")
_MAY_NOT_HAVE = re.compile(r"(?i)\b(?:may|might) not (?:yet )?have (?:been|\w+e[dn])\b")
_PERHAPS = re.compile(r"(?i)\b(?:may|might|could|perhaps|possibly)\b")
_CAN_HAVE = re.compile(r"(?i)\byou (?:can|could|may) have\b(?!(?: [\w'’-]+){1,4} \w+ed\b)")
_POSSIBLE = re.compile(r"(?i)\b(?:can|could|may|might|able|unable|possibl[ey]|perhaps|sometimes|lets?|allow\w*|cannot)\b|\bcan['’]t\b")
_CAN_BE = re.compile(r"(?i)\b(?:can|could|may|might)(?: \w+)? be\b")
_CONDITION = re.compile(
    r"(?i)\b(?:if|when|whenever|where|once|provided that|as (?:long|soon) as|unless|in the event|in case|until|while|whether|after|"
    r"following (?=\d)|within)\b"
)
_LIMITS = tuple(
    re.compile(rf"(?i)\b(?:{group})\b")
    for group in (
        "first",
        "(?<!at )last",
        r"(?<!at )most|mostly|usually|normally|typically|generally|often",
        "sometimes|occasionally",
        "about|around|approximately|roughly|almost|nearly|circa",
        "annual(?:ly)?|yearly|per year|a year|each year|every year",
        "monthly|per month|by the month|a month|each month|every month",
        "new|newly",
        "existing|already",
        "free",
        "at a time",
        "(?:paid|paying) (?:plan|subscription|account|add-?on|version|tier|feature|seat|user|member|customer|leave|hour|time)s?",
    )
)
"""What limits a statement, by group; "about" where it stands before a figure."""
_APPROXIMATE = re.compile(r"(?i)\b(?:about|around)\b(?! \d)")
_SUCH = re.compile(r"(?i)\b(?:such as|for (?:example|instance)|e\.g\.)")
_LIKE = re.compile(r"(?i)\b(?:like|including|say)\b")
_BEEN = re.compile(r"(?i)\b(?:may|might|could) have been\b")
_CHECK = re.compile(r"(?i)(?:check|verify|ensure|make sure|look (?:for|at|whether))\b")
_CHECKED = re.compile(r"(?i)\b(?:check|verif|ensure|sure|see|look|confirm|certain|whether|must|need)")
"""What a source orders to be checked is no fact."""
_ALLOWED = re.compile(r"(?i)\bwho may (?!have|be|already|also|need|still|not)\w")
_ASKED = re.compile(r"(?i)\bask(?:s|ed|ing)?\b")
_PART = re.compile(r"(?:[:;] )([A-Z][^:;.,]{0,40}):(?= )")
_UN = re.compile(r"(?i)\b(?:un(?!d|it|i|til|less)|non-)\w{3,}")
ROLES = "owner|admin|administrator|member|guest|viewer|editor|manager|approver|client|accountant|contractor|freelancer|teammate|colleague"
"""Whom a help center speaks of beside the reader, as a pattern."""
_ROLE = re.compile(rf"(?i)\b({ROLES})s?\b|\b(?:not|cannot|no)\b|n['’]t\b")


def other_time(said: str, given: str, exact: bool) -> str | None:
    """What a statement says of another time, or as more or less certain, than its evidence; None where it does not.

    Args:
        said: the statement.
        given: its evidence.
        exact: whether the evidence is a fact of an account, of which nothing may become the future.
    """
    past, future, possible = (bool(kind.search(said)) for kind in (_PAST, _FUTURE, _POSSIBLE))
    was, will, might = (bool(kind.search(given)) for kind in (_PAST, _FUTURE, _POSSIBLE))
    if was and not past and ((future and not will) or (possible and not might)):
        return "past in the source only"
    if past and not was and (will or (exact and not _OVER.search(given))):
        return "past, not in the source"
    if exact and future != will:
        return "future in one, not in the other"
    lost = (_MAY.search(given) and not possible) or (_MAY_HAVE.search(given) and not _MAY_HAVE.search(said))
    if lost or (_MAY_NOT_HAVE.search(given) and not _PERHAPS.search(said)):
        return "certain, only possible in the source"
    if _BEEN.search(given) and not re.search(r"(?i)\bbeen\b", said):
        return "what has been in the source only is or can be"
    had = _CAN_HAVE.search(said) and not re.search(r"(?i)\bha(?:ve|s)\b", given)
    if (had or _CAN_BE.search(said) or (exact and possible)) and not might:
        return "possible, certain in the source"
    return None


def lost_limit(said: str, given: str) -> str | None:
    """A word that limits the evidence and is lost in the statement, such as "first", "usually" or "unopened"."""
    said, given = (_APPROXIMATE.sub("", text) for text in (said, given))
    for group in _LIMITS:
        if (found := group.search(given)) and not group.search(said):
            return found[0]
    kept = set(words(said))
    return next((word for word in _UN.findall(given) if not set(words(word)) <= kept and "not" not in kept), None)


def lost_part(said: str, given: str) -> str | None:
    """A part of the evidence without which the statement says something else: "such as", "for", the label of one of several parts.

    Examples become all there is without "such as", to ask something is not to ask for it, and "might" is no permission.
    """
    if (found := _SUCH.search(given)) and not _SUCH.search(said) and not _LIKE.search(said):
        return found[0].lower()
    if (
        re.search(r"(?i)\brequest", given)
        and not _ASKED.search(given)
        and (asked := _ASKED.search(said))
        and not re.search(r"(?i)\bfor\b", said[asked.end() :])
    ):
        return "for"
    if (found := _CHECK.match(given)) and not _CHECKED.search(said):
        return found[0].lower()
    if _ALLOWED.search(given) and re.search(r"(?i)\bmight\b", said):
        return "may"
    kept = set(words(said))
    return next((label for label in _PART.findall(given) if ":" in said and not set(words(label)) <= kept), None)


def roles(text: str) -> list[str]:
    """The roles that a sentence speaks of, first to last, and "not" where it is negated; none where it is of one role alone."""
    found = [role.lower() or "not" for role in _ROLE.findall(text)]
    return found if len({*found} - {"not"}) > 1 else []


def other_order(said: str, given: str) -> str | None:
    """Where roles, or what goes with one of several figures, have changed places; None where they have not."""
    spoken, wanted = roles(said), roles(given)
    if Counter(spoken) == Counter(wanted) and spoken != wanted:
        return " and ".join(dict.fromkeys(wanted))
    if len(set(figures(given))) > 1:
        here, there = words(said), words(given)
        common = {word for word in there if there.count(word) == 1 and here.count(word) == 1}
        before, beside = (
            {figure: word for word, figure in pairwise(word for word in text if word in common) if figure[0].isdigit()}
            for text in (there, here)
        )
        for (one, its), (other, theirs) in combinations(before.items(), 2):
            if its != theirs and beside.get(one) == theirs and beside.get(other) == its:
                return f"{one} and {other}"
    return None


def scrambled(said: list[str], given: list[str]) -> bool:
    """Whether the words of a statement stand so much out of their evidence's order that who does what to whom has changed.

    That holds where at most half of those that both have once keep their order, and it turns back twice at least: a clause
    that moves turns back once.

    Args:
        said: the statement's content words, in their order.
        given: the evidence's.
    """
    places = [given.index(word) for word in said if said.count(word) == 1 and given.count(word) == 1]
    if sum(here > there for here, there in pairwise(places)) < 2:
        return False
    rising: list[int] = []
    for place in places:
        at = bisect_left(rising, place)
        rising[at : at + 1] = [place]
    return len(rising) <= len(places) / 2


def lost_condition(said: str, given: str) -> str | None:
    """A condition of the evidence that the statement, which has fewer, has lost."""
    kept, wanted = _CONDITION.findall(said), _CONDITION.findall(given)
    return wanted[0].lower() if len(kept) < len(wanted) else None
