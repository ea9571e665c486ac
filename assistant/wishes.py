"""What a message is that asks nothing an article could answer: a courtesy, a wish for a person, a legal threat, a complaint.

Clause by clause: one of nothing but courtesy words is what these say; any other is what the nearest of some phrases is, where one is
near enough by the embedded model. Among these are questions, so that what only sounds alike is none of them.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import get_args

import numpy as np

from assistant.reply import Action, Wish
from knowledge_base.embeddings import SentenceEmbeddings
from knowledge_base.ranking import chosen

PHRASES = Path(__file__).parent / "wishes.json"
NEAR = 0.64
"""Least cosine with a phrase; of the development questions that are nearer to another phrase than to a question none reaches 0.60."""
MOST_WORDS = 60
"""Words of a message beyond which it tells something."""
MOST_OF_CLAUSE = 14
"""The same of a clause."""
LONGEST = 160
"""Characters of a clause whose form is looked at."""
SMALL_TALK: tuple[Wish, ...] = ("thanks", "goodbye", "acknowledgement", "greeting")
"""Courtesies; of several in one message the first one here is replied to."""
_WORDS: dict[Wish, frozenset[str]] = {
    "thanks": frozenset("thanks thank thx ty cheers appreciated".split()),
    "goodbye": frozenset("bye goodbye cya ciao farewell".split()),
    "greeting": frozenset("hi hello hey hiya heya howdy greetings yo hallo morning afternoon evening".split()),
    "acknowledgement": frozenset(
        "ok okay k alright great perfect super cool good awesome excellent wonderful lovely fine brilliant amazing understood noted "
        "sure yes yep yeah yup no nope np nevermind right agreed".split()
    ),
}
_FILLERS = frozenset(
    "a again ah all and anybody anyone anyway everybody everyone folks for guys it lot me much now oh please pls so team that the "
    "then there these this to too u very well you your help i can need".split()
)
_PERSON = frozenset("human humans person agent representative rep operator manager supervisor boss".split())
_ASKED_OF_PERSON = _FILLERS | frozenset(
    "actual an any being bot bots connect customer demand get give i immediately let like live machine more need no not now only put real "
    "robot service speak speaking support talk talking through transfer want wanna with would your".split()
)
_PARTS = re.compile(r"[,;:]\s+|\s+[-–—]+\s+")
_CALLS = re.compile(r"(?i)\b(?:you|me|us|we|i|please|pls|now|want|need|talk|speak|connect|transfer|escalate)\b")
"""What makes the name of a person's role a call for one beside what else is told: "manager" may be a role that the product knows."""
_DEMANDS = re.compile(
    r"(?i)\W*(?:please )?(?:(?:i|we) (?:just |really |now )?(?:want|need|demand|wish|would like)|(?:i|we)['’]d like|let me)(?: to)? "
    r"(?:please )?(?:speak|talk|chat)(?:ing)? (?:to|with) (?:an? |your |some |the )?(?:real |actual |live |human )?"
    rf"(?:{'|'.join(sorted(_PERSON))}|somebody|someone|anybody|anyone)\b|\W*(?:please )?put me through\b"
)
_INTENT = (
    r"\b(?:i|we|you)\b.*\b(?:report|complain|contact|go|turn|writ|call|tak|fil|lodg|rais|involv|escalat|hear|inform|notify|see|speak|bring)"
    r"(?:e|ing|ed|t?en)?\b"
)
_BODIES = (
    r"ombuds(?:m[ae]n|women?|person|people)?|trading standards|better business bureau|bbb|small[- ]claims(?: court)?"
    r"|consumer (?:protection|rights|advice|watchdog|affairs)(?: (?:agency|authority|office|board|organi[sz]ation|group))?"
)
_OFFICES = r"regulators?|watchdog|authorit(?:y|ies)|commission(?:er)?|attorney general|ftc|fca|fcc|cfpb|ico|cnil|bafin|finra|ofcom|accc"
_THREAT = re.compile(
    rf"(?i){_INTENT}.*\b(?:{_BODIES})\b|^\W*(?:the )?(?:{_BODIES})\W*$"
    rf"|\breport(?:ing|ed)? (?:you|this|it|your \w+)\b.*\b(?:{_OFFICES})\b"
    rf"|\bcompl(?:ain|aint|aints|aining|ained)\b.*\b(?:to|with) .*\b(?:{_OFFICES})\b"
)
"""A threat of those who watch over companies; an office that is also reported to in the course of business counts with a complaint."""
_TURNS = re.compile(r"(?i)\b(?:but|however|still|not|cannot|\w+n['’]t|yet|except|unless|only|until|instead|error|wrong)\b")
"""What makes a word of thanks one of something else."""
_ASKS = re.compile(r"(?i)^(?:how|where|when|which|who|why|what(?! an? )|may|can|could|does|do|did|is|are|will|would|should)\b|\?$")

_OF_PEOPLE = re.compile(
    r"(?i)\b(?:you|me|someone|somebody|anyone|anybody|human|person|people|agent|representative|manager|supervisor|staff|support|help|chat|"
    r"call\w*|talk\w*|speak\w*|robot|bot)\b"
)


def wish(message: str, history: Sequence[tuple[str, str]], embeddings: SentenceEmbeddings | None) -> Wish | None:
    """What a message is where it asks nothing; None where it is to be answered.

    Args:
        message: the customer's, without the form of a mail.
        history: earlier (role, text) turns, oldest first.
        embeddings: the embedded model; without it words alone tell.
    """
    agent = next((text for role, text in reversed(history) if role == "agent"), "")
    if chosen(message, history) or len(message.split()) > MOST_WORDS:
        return None
    clauses = _clauses(message)
    if not clauses:
        return "acknowledgement" if any(unicodedata.category(sign) == "So" for sign in message) else None
    kinds = [_of_words(clause) or _of_form(clause) for clause in clauses]
    rest = [place for place, kind in enumerate(kinds) if kind is None and _may_be_one(clauses[place])]
    if rest and embeddings is not None:
        near = _nearest([clauses[place] for place in rest], embeddings)
        kinds = [near[rest.index(place)] if place in rest else kind for place, kind in enumerate(kinds)]
    found = _of_all(kinds, clauses)
    # "Yes" or "OK" to what the agent has asked is an answer.
    return None if found == "acknowledgement" and agent.rstrip().endswith("?") else found


def action(kind: Wish) -> Action:
    """What becomes of it: a courtesy is replied to with what may be asked, anything else goes to a person."""
    return "ask" if kind in SMALL_TALK else "hand_off"


def _clauses(message: str) -> list[str]:
    """What a message says part by part; a sentence that is a wish or a courtesy by its words stays whole."""
    sentences = re.findall(r"[^.!?\n]+\??", message)
    parts = [part for sentence in sentences for part in ([sentence] if _of_words(sentence) else _PARTS.split(sentence))]
    parts = [part.strip(" ,;:-–—") for part in parts]
    return [part for part in parts if any(map(str.isalnum, part))]


def _of_all(kinds: Sequence[Wish | None], clauses: Sequence[str]) -> Wish | None:
    """What a message of such clauses is."""
    if "legal" in kinds:
        return "legal"
    told = [clause for kind, clause in zip(kinds, clauses, strict=True) if kind is None]
    called = [clause for kind, clause in zip(kinds, clauses, strict=True) if kind == "person"]
    if called and not any(map(_ASKS.search, told)) and (not told or any(map(_CALLS.search, called))):
        return "person"
    if told:
        return None
    return next((kind for kind in ("complaint", *SMALL_TALK) if kind in kinds), None)


def _of_words(clause: str) -> Wish | None:
    """What a clause is that has nothing but courtesy words, or calls for a person with nothing besides."""
    words = re.findall(r"[^\W_]+(?:['’][a-z]+)?", clause.lower())
    known = frozenset().union(_FILLERS, *_WORDS.values())
    if known.issuperset(words):
        found = next((kind for kind, own in _WORDS.items() if own.intersection(words)), None)
        return found or ("greeting" if "help" in words else None)
    if _PERSON.intersection(words) and (_PERSON | _ASKED_OF_PERSON | known).issuperset(words) and not _ASKS.search(clause):
        return "person"
    return None


def _of_form(clause: str) -> Wish | None:
    """What a clause is that demands to speak to a person, or threatens with those who watch over companies."""
    if len(clause) > LONGEST:
        return None
    if _DEMANDS.match(clause):
        return "person"
    return "legal" if _THREAT.search(clause) and not _ASKS.search(clause) else None


def _may_be_one(clause: str) -> bool:
    """Whether a clause is worth comparing: it is short, and where it asks, it asks of people."""
    return len(clause.split()) <= MOST_OF_CLAUSE and (not _ASKS.search(clause) or _OF_PEOPLE.search(clause) is not None)


def _nearest(clauses: Sequence[str], embeddings: SentenceEmbeddings) -> list[Wish | None]:
    """What the nearest phrase to each clause is, where it is near enough and what the clause says is no other thing."""
    kinds, phrases = _phrases(embeddings)
    cosines = np.asarray(embeddings.vectors(list(clauses))) @ phrases.T
    return [_checked(kinds[int(row.argmax())], float(row.max()), clause) for row, clause in zip(cosines, clauses, strict=True)]


def _checked(kind: str, cosine: float, clause: str) -> Wish | None:
    if cosine < NEAR or kind not in get_args(Wish):
        return None
    turned = kind in SMALL_TALK and _TURNS.search(clause)
    asked = kind not in ("person", "greeting") and _ASKS.search(clause)
    return None if turned or asked else next(item for item in get_args(Wish) if item == kind)


@lru_cache(maxsize=2)
def _phrases(embeddings: SentenceEmbeddings) -> tuple[list[str], np.ndarray]:
    """What each phrase is, and their unit vectors, shape (phrases, dimension)."""
    rows: dict[str, list[str]] = json.loads(PHRASES.read_text("utf-8"))
    kinds = [kind for kind, phrases in rows.items() for _ in phrases]
    return kinds, np.asarray(embeddings.vectors([phrase for phrases in rows.values() for phrase in phrases]))
