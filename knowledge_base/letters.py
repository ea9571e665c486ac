"""Letters: what a message says, without the form of a mail around it.

A salutation, a sign-off with the signature behind it and quoted earlier mail say nothing of what is asked, yet they would be
searched with it. What is in doubt stays: too much text finds a little less, too little asks something else.
"""

import bisect
import re
from collections.abc import Sequence
from itertools import pairwise

from knowledge_base.words import content_words

_SALUTATION = re.compile(
    r"(?i:(?:hi|hey|hello|hallo|dear|greetings|good (?:morning|afternoon|evening|day)|to whom it may concern))\b"
    r"(?P<whom>(?:[^?.!:;,\n]|\.(?= )){0,50})(?P<end>[,.!:;]|\s[-–—])?\s*"
)
_ADDRESSED = re.compile(
    r"(?:(?i:there|team|all|both|everyone|everybody|folks|guys|friends?|again|and|at|the|from|of|to|our|my|you|sir|madam|ma'am|sirs|mr|mrs|ms|dr|"
    r"support|customer|care|service|success|help|desk|helpdesk|staff|office|billing|sales|accounts?|or|/|&)|[A-Z][\w'’-]*)\.?"
)
"""A word of whom a salutation is for: a common one or a name."""
_PLEASANTRY = re.compile(
    r"(?i)(?:i |we )?(?:(?:really |do )?hope|trust) (?:that )?(?:you|this|all|everything|everyone)\b[^?\n]{0,40}?"
    r"\b(?:well|good day|great day|nice day|good week|great week|weekend|ok|okay|fine)\b(?: today)?(?:[.!,]|$)"
    r"|how are you(?: (?:doing|today|all))*\?"
)
_CLOSING = re.compile(
    r"(?i)(?:many |much |big )?(?:thanks|thank you|thx|ty|cheers)(?: (?:so|very|a) (?:much|lot|million|bunch))?"
    r"(?: (?:in advance|again|and|&|for (?:your|the|any|all your) (?:\w+ )?(?:help|support|time|assistance|reply|response|quick reply)))*"
    r"|(?:any|your) (?:help|advice|assistance|support) (?:(?:is|would be|will be) )?(?:much |greatly |really |highly )?appreciated"
    r"|(?:i |we )?(?:am |are )?look(?:ing)? forward to (?:hearing (?:from|back)|your|a)\b[^?\n]{0,40}"
    r"|(?:please |kindly )?(?:advise|let (?:me|us) know)"
    r"|have a (?:nice|good|great|lovely) (?:day|evening|week|weekend|one)"
)
_REGARDS = re.compile(
    r"(?i)(?:(?:with )?(?:best|kind|kindest|warm|warmest|many|friendly)? ?(?:regards|wishes)|rgds|br|kr|bw|vg|mfg"
    r"|all the best|best|(?:yours )?(?:sincerely|faithfully|truly|respectfully)(?: yours)?|yours|take care|bye(?: for now)?"
    r"|mit freundlichen gr[üu](?:ß|ss)en|cordialement|saludos)"
)
_SENT_FROM = re.compile(
    r"(?i)(?:sent|written) (?:from|via|with|by) (?:my |the |a )?\w+(?: \w+){0,5}(?: for \w+| app)?\.?|get outlook for \w+.*"
)
_DELIMITER = re.compile(r"--\s*")
_CONTACT = re.compile(
    r"(?i)\S+@\S+\.\w+|https?://|\bwww\.|\+?\d[\d ()./-]{6,}\d|\s[|·•]\s"
    r"|^(?:tel|phone|fax|mobile|mob|cell|web|e-?mail|linkedin|m|t|p|f|e|w)\s*[.:]|\b(?:ltd|llc|inc|gmbh|corp|plc|pty|b\.?v|s\.?a)\b\.?"
)
_DISCLAIMER = re.compile(
    r"(?i)\b(?:confidential|intended (?:only |solely )?for|privileged|before printing|unsubscribe|registered (?:in|office)|disclaimer)\b"
)
_NAME = re.compile(r"(?:(?:Dr|Mr|Mrs|Ms|Prof)\.? )?[A-Z][\w'’.-]*(?: (?:[a-z]{1,3} )?[A-Z][\w'’.-]*){0,3}(?: \([\w ./]{2,20}\))?")
_TRACE = re.compile(r"(?i)\w*(?:error|exception|traceback|warning|fail(?:ed|ure)?)\b|^\d{4}-\d\d-\d\d|[{}=;]|^at \w|:$")
"""What a line of a log or of a program's trace has in it."""
_WRAPPED = (55, 80)
"""How many characters the longest line has where a mail program breaks them, at least and at most."""
_POSTSCRIPT = re.compile(r"(?i)p\.?\s?p?\.?\s?s\b[.:]?")
_SPOKEN = 3
"""Words in small letters from which a line below a sign-off counts as one that says something."""
_WROTE = re.compile(
    r"(?mi)^(?:on|am|le|el|il|op)\b(?=[^\n]*\d)[^\n]{6,160}(?:\n[^\n]{0,100})?"
    r"(?:wrote|schrieb[^\n]{0,60}|a écrit|escribió|ha scritto|schreef)\s?:[ \t]*$"
    r"|^[^\n:]{2,80}<\S+@\S+>[^\n:]{0,40} wrote:[ \t]*$"
)
_EARLIER = re.compile(
    r"(?mi)^-{2,}\s?(?:original message|ursprüngliche nachricht|message d'origine|reply above this line)\s?-{2,}[ \t]*$"
    r"|^(?:_{8,}\s*\n)?(?:from|von|de)\s?:[^\n]+\n(?:(?:sent|date|gesendet|envoyé|to|an|à|cc|subject|betreff|objet)\s?:[^\n]*\n){2,}"
)
_HOLLOW = frozenset(
    "account app billing enquiry general hello help inquiry issue problem query question questions request support urgent".split()
)
"""Words of a subject that says nothing of what is asked; a subject counts for much, so one of these alone is left out."""
_SUBJECT = re.compile(r"(?i)subject:\s*(?=\S)(?:(?:re|fwd?|aw)\s?:\s*)*")


def body(text: str) -> str:
    """What a message says: without its salutation, its sign-off and signature, and the earlier mail that it quotes.

    Sentences that a mail program broke into lines are put together. Where nothing would be left, the whole message,
    and one of a single line is returned as it is.
    """
    if "\n" not in text.strip():
        return text
    lines = [line.rstrip() for line in text.strip().splitlines()]
    for shortened in (_without_quotes, _without_head, _without_signature):
        rest = shortened(lines)
        lines = rest if any(sign.isalnum() for line in rest for sign in line) else lines
    return "\n".join(_unwrapped(lines)).strip()


def _unwrapped(lines: Sequence[str]) -> list[str]:
    """The lines of each sentence put together where a mail program broke them: where the next word would not have fitted.

    One that begins with a small letter goes on with the line before, any other only among several broken ones.
    """
    width = max((len(line) for line in lines if _prose(line)), default=0)
    if not _WRAPPED[0] <= width <= _WRAPPED[1]:
        return list(lines)
    full = [
        bool(below.strip()) and _prose(line) and _prose(below) and len(line) + 1 + len(below.split(maxsplit=1)[0]) > width
        for line, below in pairwise(lines)
    ]
    kept: list[str] = []
    for at, line in enumerate(lines):
        several = at > 0 and full[at - 1] and ((at > 1 and full[at - 2]) or (at < len(full) and full[at]))
        if several or (at > 0 and full[at - 1] and line[:1].islower()):
            kept[-1] = f"{kept[-1]} {line.strip()}"
        else:
            kept.append(line)
    return kept


def _prose(line: str) -> bool:
    """Whether a line may be part of a sentence: no item of a list, nothing indented or marked, no line of a log."""
    return line[:1].isalnum() and not re.match(r"\w{1,3}[.)]\s", line) and not _TRACE.search(line)


def _without_quotes(lines: list[str]) -> list[str]:
    """The lines without what is quoted of earlier mail, below or above the reply or between its lines."""
    text = "\n".join(lines)
    if earlier := _EARLIER.search(text):
        # What is forwarded without a word of one's own is the message itself.
        text = text[: earlier.start()] if content_words(text[: earlier.start()]) else text
    while wrote := _WROTE.search(text):
        before, after = text[: wrote.start()], text[wrote.end() :].lstrip("\n")
        quoted = after.startswith(">")
        sent = re.search(r"@|\d:\d\d", wrote[0]) is not None
        if not quoted and not sent:
            break
        kept = [line for line in after.split("\n") if not line.startswith(">")] if quoted or not content_words(before) else []
        text = "\n".join([before.rstrip(), *kept]).strip("\n")
    return _without_marked(text.split("\n"))


def _without_marked(lines: list[str]) -> list[str]:
    """The lines but for those that begin with ``>``; such a block that the line above announces is part of what is said."""
    kept: list[str] = []
    announced = False
    for at, line in enumerate(lines):
        marked = line.startswith(">")
        if marked and not (at and lines[at - 1].startswith(">")):
            above = next((other for other in reversed(lines[:at]) if other.strip()), "")
            announced = above.rstrip().endswith(":")
        if not marked or announced:
            kept.append(line)
    return kept


def _without_head(lines: list[str]) -> list[str]:
    """The lines without a salutation and a wish, and without the word before a subject."""
    rest = _from_first(lines)
    subject = _SUBJECT.match(rest[0])
    head = [rest[0][subject.end() :]] if subject and not _HOLLOW.issuperset(content_words(rest[0][subject.end() :])) else []
    rest = _from_first(rest[1:] if subject else rest)
    if rest and _salutes(rest[0].strip()):
        rest = _from_first(rest[1:])
    if rest and (wish := _PLEASANTRY.match(rest[0].strip())):
        rest[0] = rest[0].strip()[wish.end() :].strip()
    return [*head, *rest]


def _from_first(lines: list[str]) -> list[str]:
    """The lines from the first one on that is not blank."""
    return lines[next((at for at, line in enumerate(lines) if line.strip()), len(lines)) :]


def _salutes(line: str) -> bool:
    """Whether a line does nothing but address somebody."""
    match = _SALUTATION.fullmatch(line)
    if match is None:
        return False
    words = match["whom"].split()
    known = "I" not in words and all(map(_ADDRESSED.fullmatch, words))
    return len(words) <= 6 and (known or (match["end"] == "," and len(words) == 1))


def _without_signature(lines: list[str]) -> list[str]:
    """The lines without sign-offs, the signatures behind them, and what a program or a lawyer adds below."""
    told = [at for at, line in enumerate(lines) if _says(line.strip())]
    kept: list[str] = []
    said, at = False, 0
    while at < len(lines):
        line = lines[at].strip()
        below = told[bisect.bisect(told, at)] if told and at < told[-1] else len(lines)
        # Without a mark at its end and with more said below, it is a rule between two parts or a word of a list.
        if said and (_signs_off(line) or _DELIMITER.fullmatch(line)) and (below == len(lines) or line[-1] in ",.!"):
            at = below
            continue
        kept.append(lines[at])
        said = said or bool(line)
        at += 1
    return _without_contacts(kept)


def _without_contacts(lines: list[str]) -> list[str]:
    """The lines without a last block of a name and where to reach it."""
    blank = max((at for at, line in enumerate(lines) if not line.strip()), default=0)
    last = [line.strip() for line in lines[blank:] if line.strip()]
    signed = len(last) > 1 and _NAME.fullmatch(last[0]) and any(map(_CONTACT.search, last[1:])) and not any(map(_says, last))
    return lines[:blank] if blank and signed else lines


def _signs_off(line: str) -> bool:
    """Whether a line takes leave, with or without a name behind it."""
    if _SENT_FROM.fullmatch(line):
        return True
    opening = _REGARDS.match(line) or _CLOSING.match(line)
    if opening is None:
        return False
    behind = line[opening.end() :].strip(" ,.!;:-–—")
    regards = re.fullmatch(r"(?i)(?:and )?(?:best|kind|warm)? ?regards", behind)
    return not behind or regards is not None or _NAME.fullmatch(behind) is not None


def _says(line: str) -> bool:
    """Whether a line below a sign-off says something: it asks, is a postscript or reads like a sentence."""
    if _DISCLAIMER.search(line) or _PLEASANTRY.match(line) or _signs_off(line):
        return False
    small = sum(word[:1].islower() for word in line.split())
    told = line.endswith("?") or _POSTSCRIPT.match(line) or _TRACE.search(line)
    return bool(told) or (small >= _SPOKEN and not _CONTACT.search(line))
