"""Grants: who may do something and on which plan it is to be had, read out of the few forms in which help centers say it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.claims import stem

LONGEST = 300
"""Characters of a sentence that grants something, at most."""
_PERSON = r"(?:(?:an?|the|any|each|every|all) )?(?!only\b)[\w-]+(?: (?!only\b|alone\b|can\b|may\b|is\b|are\b)[\w-]+)?"
_AND = r"(?:, and |, or |, | and | or )"
_EVERYBODY = re.compile(r"(?i)(?:everyone|everybody|anyone|anybody|(?:any|each|every|all)(?: the)? [\w-]+)(?: [\w-]+)?")
_ANYBODY = re.compile(r"(?i)\b(?:you|we|they|it|this|that|these|those|which|who|he|she)\b")
"""Who is meant by these depends on the reader or on what was said before."""
_WHO = rf"(?P<who>{_PERSON}(?:{_AND}{_PERSON}){{0,5}})"
_ONLY = r"(?P<only>(?i:only|nobody (?:but|except)|no one (?:but|except|other than)) )?"
_CAN = r"(?P<can>can(?:not|['’]t)?(?: only)?|may(?: only)?(?: not)?|(?:is|are)(?: not|n['’]t)?(?: only)? (?:allowed|able|permitted) to)"
_DOERS = (
    re.compile(rf"(?P<what>.+?) {_CAN} (?P<deed>be (?:only )?\w+) (?P<only>only )?by (?P<self>only )?{_WHO}(?P<alone> only| alone)?"),
    re.compile(rf"{_ONLY}{_WHO}(?: (?:in|of|with) (?:the |your |an? )?\w+)?(?P<alone> only| alone)? {_CAN}(?P<self> only)? (?P<what>.+)"),
    re.compile(rf"(?:You|They) (?P<only>must|have to|need to) be {_WHO} to (?P<what>.+)"),
    re.compile(rf"To (?P<what>[^,]+), you (?P<only>must|have to|need to) be {_WHO}"),
)
_NAME = r"(?:the |an? )?[A-Z][\w-]*(?: plan)?"
_PLANS = rf"(?P<plans>(?:every|all|any)(?: of the)?(?: paid)? plans?|paid plans|{_NAME}(?:{_AND}{_NAME}){{0,5}}(?: plans?)?)"
_HAD = (
    r"(?:is|are|was|were|be|can|comes?|come)?(?P<no> not|n['’]t)?(?: be)?(?: (?P<also>only))? ?"
    r"(?:(?:available|included|offered|supported|possible|used|part|had|found)\b)? ?(?P<self>only )?(?:on|in|with|of|for)"
)
_OFFERS = (
    re.compile(rf"(?P<what>.+?) {_HAD} (?P<only>only )?{_PLANS}(?P<up> (?:and|or) (?:up|higher|above))?(?P<alone> only| alone)?"),
    re.compile(rf"(?P<what>.+?) (?P<least>requires?|needs?) {_PLANS}"),
    re.compile(rf"(?:You|To (?:use|get) (?P<use>[^,]+), you) (?P<least>need) {_PLANS}(?: (?:for|to use|to get) (?P<what>.+))?"),
    re.compile(
        r"(?:The )?(?P<plans>[A-Z][\w-]* plan)(?P<no> does not| doesn['’]t)? (?P<open>includes?|ha(?:s|ve)|offers?|contains?) (?P<what>.+)"
    ),
)
_SAME = {"administrator": "admin", "administrators": "admins"}
_KNOWN_PLANS = frozenset(
    stem(word)
    for word in (
        "free basic starter lite standard plus pro professional premium team teams business growth scale enterprise personal essentials "
        "advanced ultimate gold silver bronze platinum"
    ).split()
)


@dataclass(frozen=True)
class Grant:
    """Who or which plans are granted something."""

    members: frozenset[str]
    what: str
    said: str
    everyone: bool = False
    denied: bool = False
    closed: bool = False
    """Nobody else is granted it."""
    least: bool = False
    """It may be had on what is above as well."""

    def against(self, other: "Grant") -> bool:
        """Whether both cannot be true of one thing."""
        if self.denied or other.denied:
            no, yes = (self, other) if self.denied else (other, self)
            return not yes.denied and (yes.everyone or no.everyone or len(_beyond(no.members, yes.members)) < len(no.members))
        if self.everyone or other.everyone:
            return self.everyone != other.everyone and (self.closed or other.closed or self.least or other.least)
        if self.least or other.least:
            return len(_beyond(self.members, other.members)) == len(self.members)
        return (self.closed and bool(_beyond(other.members, self.members))) or (other.closed and bool(_beyond(self.members, other.members)))


def _beyond(members: frozenset[str], others: frozenset[str]) -> list[str]:
    """Members that are none of the others; a workspace owner is an owner."""
    return [one for one in members if not any(one == two or one.endswith(f" {two}") or two.endswith(f" {one}") for two in others)]


def grants(text: str) -> Iterator[tuple[str, Grant]]:
    """What a sentence grants: to whom ("who") and on which plans ("plan")."""
    text = text.strip().rstrip(".!")
    if len(text) > LONGEST:
        return
    for form in _DOERS:
        if (match := form.fullmatch(text)) and not _ANYBODY.search(match["who"]):
            yield "who", _doers(match)
            break
    for form in _OFFERS:
        if (match := form.fullmatch(text)) and (offer := _offer(match)):
            yield "plan", offer
            break


def _doers(match: re.Match[str]) -> Grant:
    found = match.groupdict()
    can = found.get("can") or ""
    restricted = any(found.get(name) for name in ("only", "alone", "self")) or "only" in can or " only " in (found.get("deed") or "")
    what = " ".join(filter(None, (found["what"], (found.get("deed") or "").removeprefix("be").replace(" only", ""))))
    return Grant(
        members=_members(found["who"]),
        what=what,
        said=f"{'only ' if restricted else ''}{found['who']}",
        everyone=bool(_EVERYBODY.fullmatch(found["who"])),
        denied=bool(re.search(r"not|n['’]t", can)),
        closed=restricted,
    )


def _offer(match: re.Match[str]) -> Grant | None:
    """The plans that something is to be had on; None where the names are not of plans."""
    found = match.groupdict()
    members = _members(found["plans"])
    if not found.get("up") and not re.search(r"\bplans?\b", found["plans"]) and not members <= _KNOWN_PLANS:
        return None
    what = found.get("what") or found.get("use")
    if not what:
        return None
    return Grant(
        members=members,
        what=what,
        said=found["plans"] + (found.get("up") or ""),
        everyone=bool(re.match(r"(?:every|all|any)\b(?!.*\bpaid)", found["plans"])),
        denied=bool(found.get("no")),
        closed=not any(found.get(name) for name in ("no", "least", "open", "up")) and "paid" not in found["plans"],
        least=bool(found.get("least") or found.get("up")),
    )


def _members(said: str) -> frozenset[str]:
    parts = re.split(_AND, re.sub(r"\bplans?\b", "", said))
    return frozenset(
        " ".join(stem(_SAME.get(word, word)) for word in part.lower().split() if word not in ("a", "an", "the", "any", "all"))
        for part in parts
    )
