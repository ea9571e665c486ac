"""What a sentence claims beyond its wording: figures, menu paths, codes, labels, names, negations, limits, content words."""

import difflib
import re
from collections import Counter
from collections.abc import Mapping

NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split(), start=2
    )
} | {"twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "ninety": "90", "hundred": "100",
     "twice": "twice", "half": "half", "double": "double"}  # fmt: skip
_NUMBER_WORD = re.compile(rf"(?i)\b({'|'.join(NUMBER_WORDS)})\b")
_UNITS = (
    "second minute hour day week weekday month quarter year kb mb gb tb kbps mbps gbps px mm cm m km g kg ml l w kw kwh mah v "
    "mile inch foot feet pound usd eur gbp euro dollar cent degree point credit time percent"
)
_FIGURE = re.compile(
    r"(?P<before>[$€£]\s?)?(?P<number>\d[\d.,:/-]*\d|\d)(?P<after>\s?(?:[$€£%]|percent\b))?"
    rf"(?:[ -](?:(?:business|working|calendar|full) )?(?P<unit>{'|'.join(_UNITS.split())})s?\b)?",
    re.IGNORECASE,
)
_MARK = re.compile(r"\d[\d.,:/-]*\d|\d|(?<!^)(?<![.!?:] )(?<![\w’'-])[A-Z][\w’'-]*")
_PERIOD = re.compile(r"(?i)\b(second|minute|hour|day|week|month|quarter|year)(?:s|ly)?\b")
_CONDITION = re.compile(
    r"(?i)\b(if|when|whenever|where|once|provided|as long as|unless|in the event|in case|after|until|while|whether|within)\b"
)
_LABEL = re.compile(r"[\"“]([^\"”]+)[\"”]|`([^`]+)`")
_ADDRESS = re.compile(r"https?://\S+|(?<!\S)\S+@\S+\.\w+|\b(?:[\w-]+\.)+[a-z]{2,}\b(?:/\S*)?")
_CODE = re.compile(r"\b[A-Za-z]+[-_]?\d[\w-]*|\b[A-Z]+(?:[-_][A-Z0-9]+)+\b")
_COMMAND = re.compile(r"(?<![^\s(“\"])/[a-z][\w-]+(?: [a-z]+)?")
_KINDS = {
    "not": r"not|no|never|cannot|without|none|neither|nor|nobody|nothing|n['’]t",
    "unless": r"unless|except|until",
    "only": r"only|solely|exclusively",
}
_BOUNDS = {
    "at least": r"at least|minimum|not fewer than|no fewer than|no less than",
    "at most": r"at most|up to|maximum|no more than|not more than",
    "more than": r"(?<!no )(?<!not )(?:more|longer|later|older|larger|greater|higher) than|over \d|above \d|exceed\w*",
    "before": r"before\b|prior to\b",
    "less than": r"(?<!no )(?<!not )(?:less|fewer|shorter|earlier|younger|smaller|lower) than|under \d|below \d",
}
_FLIPS = (
    (r"must|have to|has to|should|need to|needs? to be|needs|required?|necessary", r"can|may|could|able to|possible|lets?|allow\w*"),
    (r"and", r"or"),
    (r"all|every|each|any|whole|everyone|everybody|everything", r"some|several|certain|part|one"),
    (r"from", r"to"),
    (r"within", r"after"),
    (r"until|till|up to", r"from|since"),
)
"""What turns a claim round where one side stands for the other: duty and leave, both and either, all and some, ends of a span."""
_OPPOSITES = (
    "on off", "enable disable", "add remove", "increase decrease", "raise lower", "open close", "start stop", "start end",
    "include exclude", "accept reject", "public private", "monthly yearly", "monthly annual", "free paid", "always never",
    "first last", "top bottom", "left right", "allow forbid", "allow deny", "lock unlock", "connect disconnect",
    "activate deactivate", "install uninstall", "subscribe unsubscribe", "upgrade downgrade", "valid invalid",
    "visible hidden", "owner admin", "owner member", "admin member", "red green", "red blue", "green blue", "black white",
    "import export", "show hide", "upper lower", "credit debit", "before after", "above below", "over under", "next previous",
    "old new", "daily weekly", "weekly monthly", "daily monthly", "permanent temporary", "automatically manually",
    "automatic manual", "earlier later", "larger smaller", "higher lower", "internal external", "inside outside", "all none",
    "any all", "with without",
)  # fmt: skip
_SMALL = frozenset(
    "a an and are as at be been being but by can could did do does done for from get gets got had has have if in into is it its "
    "may might must of or our should so than that the their them then there these they this those through to up upon via was we "
    "were what when where which while will would you your yours each every own once also about some s re ll ve d t m customer "
    "user account holder need needed needs require requires required however ensure percent able event minimum maximum least most "
    "subsequently thereafter additionally"
    .split()
)  # fmt: skip
_SYNONYMS = {
    word: group.split()[0]
    for group in (
        "pick choose chosen chose select grab", "tap click press pressed pressing tapped hit push",
        "regardless irrespective whatever", "ahead advance",
        "rather prefer", "single individual", "see view", "like such", "several few", "pay paid payment", "write written", "undo undone",
        "top topped", "perform run",
        "draw drawn", "find found", "assess assessed", "apply applicable", "head go navigate hop",
        "type enter", "change modify modified edit edited amend", "buy bought purchase", "get obtain receive",
        "extra additional further", "end terminate", "keep kept retain store stored stash stashed",
        "show shown display displayed appear shows", "stay remain", "allow permit", "make made create whip whipped",
        "delete zap zapped", "approximately roughly", "start begin begun began commence", "now immediately pronto",
        "check verify verified confirm look", "help assist assistance", "use used using utilize utilized usage",
        "try attempt tries tried", "give given gave grant provide", "ask request", "send sent transmit dispatch dispatched submit",
        "enough sufficient", "many numerous", "before prior", "after following subsequently afterwards", "take taken took", "do carry",
        "happen occur", "mean indicate", "good valid", "sell sold", "withdraw withdrawn", "hold held",
        "only solely exclusively",
    )
    for word in group.split()
}  # fmt: skip
_LEADS = frozenset(
    "to via open select pick choose under in at from on through into go head navigate visit see use tap click press find and "
    "selecting picking choosing opening tapping clicking using visiting then grab hit push hop for".split()
)  # fmt: skip
_ENDS = frozenset(
    "in on to by should must before prior after is are was were remains remain stays stay on via for from where when with within "
    "then or at until if so as while under using here"
    .split()
)  # fmt: skip
_THEN = frozenset(
    "select selects pick picks choose chooses click clicks tap taps press presses enter enters type types switch turn set open "
    "check stays remains is must then wait confirm drag move remove add grab hit push pop hop"
    .split()
)  # fmt: skip


def figures(text: str) -> list[str]:
    """Each number with its currency or percent sign and the unit that follows it; written-out numbers from two up as well."""
    text = _NUMBER_WORD.sub(lambda match: NUMBER_WORDS[match[0].lower()], text)
    found = [word for word in ("twice", "half", "double") for _ in re.findall(rf"\b{word}\b", text)]
    for match in _FIGURE.finditer(text):
        sign = (match["before"] or match["after"] or "").strip().lower().replace("percent", "%")
        unit = {"feet": "foot"}.get((match["unit"] or "").lower(), (match["unit"] or "").lower())
        found.append(f"{sign}{match['number'].strip('.,:/-')} {unit}".strip())
    return found


def paths(text: str) -> list[str]:
    """Menu paths ("Settings > Billing > Plan"), free of the words before and behind them."""
    if " > " not in text:
        return []
    found = []
    for run in re.findall(r"[^.;:!?\"“]*(?: > (?:[\"“][^\"”]*[\"”]|[^.;:!?\"“>]*))+", text):
        parts = [part.strip(' "“”,') for part in run.split(" > ")]
        found.append(" > ".join([_beginning(parts[0]), *parts[1:-1], _end(parts[-1])]))
    return found


def _beginning(words_before: str) -> str:
    """The path's first element: what stands behind the last lead word, from its first capital on."""
    parts = re.split(r", ", words_before)[-1].split()
    for at in range(len(parts) - 1, 0, -1):
        if parts[at - 1].lower() in _LEADS and parts[at][0].isupper():
            return " ".join(parts[at:])
    first = next((at for at, word in enumerate(parts) if word[0].isupper() and (at or word.lower() not in _LEADS)), 0)
    return " ".join(parts[first:])


def _end(words_after: str) -> str:
    """The path's last element: up to a comma or a word that goes on with the sentence."""
    kept: list[str] = []
    parts = re.split(r"[,()]", words_after)[0].split() if not words_after.startswith("(") else [words_after]
    for at, word in enumerate(parts):
        goes_on = word in _ENDS or (word == "and" and parts[at + 1 : at + 2] and parts[at + 1] in _THEN)
        if kept and (goes_on or (word == "and" and at + 1 == len(parts))):
            break
        kept.append(word)
    return " ".join(kept)


def addresses(text: str) -> list[str]:
    """Web and mail addresses and file names."""
    return [address.rstrip(".,;:!?)\"'") for address in _ADDRESS.findall(text)]


def codes(text: str) -> list[str]:
    """Codes such as E-27, TB-3005 or WPA2."""
    return _CODE.findall(text)


def commands(text: str) -> list[str]:
    """Commands of a chat or a shell, such as "/tally link", with the word that follows."""
    return _COMMAND.findall(text)


def labels(text: str) -> list[str]:
    """Quoted labels."""
    return [(first or second).strip(" .,") for first, second in _LABEL.findall(text)]


def negations(text: str) -> list[str]:
    """What turns a sentence round, by kind: a negation, an exception, a restriction."""
    text = re.sub(r"(?i)\bwhether\b([^.;:]*) or not\b", r"whether\1", text.replace("’", "'"))
    found = []
    for kind, pattern in _KINDS.items():
        found += [kind] * len(re.findall(rf"(?i)(?:\b|(?<=\w)(?=n'))(?:{pattern})\b", text))
    return found


def bounds(text: str) -> list[str]:
    """Limits: at least, at most, more than, less than, by kind."""
    return [kind for kind, pattern in _BOUNDS.items() for _ in re.findall(rf"(?i)\b(?:{pattern})", text)]


def names(text: str) -> set[str]:
    """Capitalised words inside a sentence: names of things, labels, plans, roles."""
    return {word for word in marks(text) if not word[0].isdigit()}


def marks(text: str) -> list[str]:
    """Figures and names as they stand in a text, first to last."""
    found = [match[0] for match in _MARK.finditer(text)]
    return [mark.lower() for mark in found if mark not in ("I", "We", "You", "Cannot") and not re.search(r"n['’]t$", mark)]


def periods(text: str) -> set[str]:
    """Spans of time that are named, with a figure or without ("per month")."""
    return {unit.lower() for unit in _PERIOD.findall(text)}


def conditions(text: str) -> set[str]:
    """Whether the sentence holds under a condition."""
    return {"a condition"} if _CONDITION.search(text) else set()


def words(text: str) -> list[str]:
    """Content words in their order, as stems, words of one meaning alike."""
    text = text.lower().replace("’", "'")
    for phrase, word in _PHRASES.items():
        text = text.replace(phrase, word)
    found = re.findall(r"[^\W_]+", text.replace("can't", "cannot").replace("n't", " not"))
    return [stem(word) for word in found if word not in _SMALL]


def stem(word: str) -> str:
    """A word without its ending, in the word that stands for its meaning."""
    if word in _SYNONYMS:
        return _cut(_SYNONYMS[word])
    cut = _cut(word)
    return _cut(_STEMS.get(cut, cut))


def _cut(word: str) -> str:
    if word.endswith(("ied", "ies")) and len(word) > 4:
        return f"{word[:-3]}y"
    for end in ("ing", "ed", "es", "s"):
        if word.endswith(end) and len(word) - len(end) >= 3:
            word = word[: -len(end)]
            break
    if len(word) > 4 and word[-1] == word[-2] and (word[-1] in "bdgmnprt" or (word[-1] == "l" and len(word) > 6)):
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word


_PHRASES = {
    "as long as": "if", "provided that": "if", "by means of": "with", "right away": "immediately", "right now": "currently",
    "at this time": "currently", "show up": "show", "shows up": "shows", "make sure": "ensure", "makes sure": "ensures",
    "free of charge": "free", "in the event that": "if", "in the event of": "if", "runs out": "expires", "pop in": "enter",
    "pops in": "enters", "popped in": "entered", "popping in": "entering", "go for": "choose", "goes for": "chooses",
}  # fmt: skip
_STEMS = {_cut(word): first for word, first in _SYNONYMS.items()}
_PAIRS = [tuple(_cut(_SYNONYMS.get(word, word)) for word in pair.split()) for pair in _OPPOSITES]


def flipped(said: str, given: str) -> tuple[str, str] | None:
    """A word of the evidence and the one said in its place that turns the claim round, such as "must" and "can"."""
    for pair in _FLIPS:
        here, there = ([re.findall(rf"(?i)\b(?:{side})\b(?!['’]t)", text) for side in pair] for text in (said, given))
        for one, other in ((0, 1), (1, 0)):
            if len(here[one]) > len(there[one]) and len(here[other]) < len(there[other]):
                return there[other][0].lower(), here[one][0].lower()
    return None


def replaced(said: list[str], given: list[str]) -> list[tuple[str, str]]:
    """Content words of the evidence, each with the word said in its very place, where one is lost and the other is new.

    Numbers are left to ``figures``.
    """
    here, there = Counter(said), Counter(given)
    found = []
    for kind, start, end, first, last in difflib.SequenceMatcher(None, given, said, autojunk=False).get_opcodes():
        if kind == "replace" and end - start == last - first == 1:
            lost, new = given[start], said[first]
            if here[lost] < there[lost] and here[new] > there[new] and new not in NUMBER_WORDS and not new.isdigit():
                found.append((lost, new))
    return found


def opposites(said: set[str], given: set[str]) -> tuple[str, str] | None:
    """A word said that the evidence has not, where the evidence has its opposite."""
    for one, other in _PAIRS:
        for here, there in ((one, other), (other, one)):
            if here in said and here not in given and there in given and there not in said:
                return here, there
    return None


Vocabulary = Mapping[str, frozenset[str]]
"""What a voice says for what: stem of its word -> stems of the words that it may stand for."""


def vocabulary(words_for: Mapping[str, str]) -> Vocabulary:
    """The vocabulary of a profile's word rules, plain word -> the voice's word."""
    found: dict[str, set[str]] = {}
    for old, new in words_for.items():
        for word in set(words(new)) - set(words(old)):
            found.setdefault(word, set()).update(words(old))
    return {word: frozenset(olds) for word, olds in found.items()}


def plain_word(word: str, given: set[str], voice: Vocabulary) -> str:
    """The word of the evidence that the voice's word stands for, or the word itself."""
    return word if word in given else min(voice.get(word, frozenset()) & given, default=word)
