"""Persons: who a statement says does or has something, beside who its evidence says does.

A voice speaks to the reader, a help center of owners, clients and services: "you" may stand for some of them and not for others.
"""

import re
from collections import Counter

from assistant.claims import Vocabulary, plain_word, stem, words
from assistant.force import ROLES

_YOU = re.compile(r"(?i)\byou\b")
_YOURS = re.compile(r"(?i)\byour?\b")
_THEIRS = re.compile(r"(?i)\btheir own\b")
_OF_OTHERS = re.compile(r"(?i)\btheir (\w+)")
_PASSIVE = re.compile(r"s? (?:is|are|was|were|(?:can|may|must) be|ha(?:s|ve) been)\b")
_ANYONE = re.compile(r"(?i)\bby (?:anyone|anybody|everyone|nobody|no one)\b|\b(?:each|every|that) (?:person|member)\b")
_SOME = re.compile(r"(?i)\b(?:an?|any|each|every) (\w+)\b")
_OTHERS = re.compile(r"(?:^|, )(?:(?:The|All) )?([A-Za-z]\w+[^\Ws]s)\b")
"""A plural that a sentence, or what follows its opening, begins with."""
READERS = frozenset({"user", "customer", "subscriber", "student", "rider", "parent", "policyholder"})
"""Words for whom a help center writes."""
_READER = re.compile(rf"(?i)\b(?:{'|'.join(READERS)})s?\b")
_SOMEONE = re.compile(rf"(?:^|, )(?:(?:[Oo]nly )?(?:the|a|an|your|every|each) )?(?:account |team |workspace )?({ROLES})\b", re.IGNORECASE)
"""A role that it begins with."""

_SUBJECT = re.compile(
    r"(?i)\byou(?: (?:can|could|may|might|must|should|will|also|still|only|always|just|therefore|need to|(?:do not |don['’]t )?have to|"
    r"(?:can)?not|(?:can|don)['’]t)|['’]ll)* (?!(?:know|see|find|are|be|have|had|were|need|do|like|want|wish|their|the|your|up|in|on|under|"
    r"with|as|to)\b)([a-z]+)"
)
"""What the reader is said to do: a verb."""
_AS_SOMEONE = re.compile(r"(?i)\bas (?:an?|the) \w")
_BY_HAND = re.compile(r" > |\bby \w+ing\b")
"""What tells that a source's passive is the reader's to do."""
_BEFORE_ORDER = frozenset("and or then to please just also only not never always first now".split())
_ADVERBS = frozenset("still also only always then automatically later first therefore subsequently not".split())
_MODALS = frozenset("can cannot could may might must should will".split())
_OTHERS_DEEDS = frozenset(map(stem, "refuse reject decline deny block charge bill notify record log erase".split()))
"""What is done to the reader or the reader's things rather than by the reader, where a source does not say by whom."""
_ALSO_READERS = frozenset("you who they anyone somebody someone holder keeper employee member".split())
_REQUIRED = re.compile(rf"(?i)\b(?:{ROLES})s? (?:can|may|could|must) require\b|\bworkspace does not require\b")
_OURS = re.compile(r"(?i)\bour (\w+)")
_US = re.compile(r"(?i)\b(?:we|us|our)\b")
_WE_SWITCHED = re.compile(r"(?i)\bwe(?:['’]ve| have)? (?:switched|turned|blocked|froze|declined|cancelled)\b")
_PERSONAL = re.compile(
    r"(?i)\byour (?:(?:person|people|someone|holder|contact)\b(?! details)|\w+ they\b"
    r"|(?:customer|user|subscriber)\b(?! (?:account|number|id|name|portal|profile|service|support)))"
)
_DOING = re.compile(r"(?i)\byou(?:['’]re| are)(?: not| now| still)? (\w+ing)\b")
_AS_SEVERAL = re.compile(rf"(?i)\bas (?:the )?(?:{ROLES})s\b")
_YOUR_ROW = re.compile(r"(?i)your\b[^.:]{1,60}: ")
_OF_READER = re.compile(r"(?i)the (?:customer|user) (?:is|was|has|does|uses)\b")
_READER_NAMED = re.compile(r"(?i)\bthe (?:customer|user)\b")
_ADDRESSED = re.compile(r"(?i)\b(?:you|customer|user|person)\b")
_THEIR_THING = re.compile(r"(?i)\b(?:the|an?|their|another) (\w+)['’]s (\w+)")


def wrong_person(text: str, source: str, name: str | None, voice: Vocabulary) -> str | None:
    """“You”, or the customer's name, where the source speaks of others, such as clients or the owner: their rights are not the reader's."""
    if _THEIRS.search(source) and _YOURS.search(text) and not (_YOURS.search(source) or _THEIRS.search(text)):
        return "“you” in place of “their own”"
    if _REQUIRED.search(source) and not re.search(r"(?i)\brequir", text):
        return "“need” where the source has somebody require it"
    if other := _other_owner(text, source):
        return other
    if _YOURS.search(text) and not _YOURS.search(source) and (wrong := _mixed_persons(text, source)):
        return wrong
    named = bool(name) and re.search(rf"(?i)\b{re.escape(name or '')}\b", text)
    if not (named or _YOU.search(text)):
        return None
    if _YOU.search(source):
        return _other_actor(text, source, voice)
    if (someone := _SOMEONE.match(source)) and re.match(r"You\b", text) and not _PASSIVE.match(source, someone.end()):
        return f"“you” in place of “{someone[1]}”"
    given = Counter(words(source))
    said = Counter(plain_word(word, set(given), voice) for word in words(text))
    for others in (*_OTHERS.findall(source), *_SOMEONE.findall(source)):
        if others.lower().removesuffix("s") not in READERS and any(said[word] < given[word] for word in words(others)):
            return f"“{name if named else 'you'}” in place of “{others}”"
    return None if named else _other_actor(text, source, voice)


def _other_owner(text: str, source: str) -> str | None:
    """Somebody of whom the source does not speak: "your client", "your currency" for the client's, nobody for the customer."""
    if _OF_READER.match(source) and not _ADDRESSED.search(text):
        return "nobody where the source speaks of the customer"
    if (both := _READER_NAMED.search(text)) and _YOURS.search(text) and _OF_READER.match(source):
        return f"“{both[0]}” beside “you” or “your”, as of somebody else"
    for owner, thing in _THEIR_THING.findall(source):
        if owner.lower() not in READERS and re.search(rf"(?i)\byour {thing}\b", text) and not re.search(rf"(?i)\b{owner}", text):
            return f"“your {thing}” in place of “the {owner}'s {thing}”"
    if (personal := _PERSONAL.search(text)) and not _PERSONAL.search(source):
        return f"“{personal[0]}” of somebody else"
    for thing in _OURS.findall(source):
        if re.search(rf"(?i)\byour (?:own )?{thing}\b", text) and not re.search(rf"(?i)\byour (?:own )?{thing}\b", source):
            return f"“your {thing}” in place of “our {thing}”"
    if (ours := _WE_SWITCHED.search(text)) and not _US.search(source):
        return f"“{ours[0]}” where the source does not say that we did"
    if (several := _AS_SEVERAL.search(text)) and not _AS_SEVERAL.search(source):
        return f"“{several[0]}”, of which the reader is one at most"
    if _YOUR_ROW.match(text) and ": " in source and not re.match(r"(?i)(?:the|your|our)\b", source):
        return "“your” of a row for everybody"
    if (doing := _DOING.search(text)) and not (_YOU.search(source) or re.search(rf"(?i)\b{doing[1]}\b", source)):
        return f"“{doing[0]}” where the source does not say that you do so"
    return None


def _other_actor(text: str, source: str, voice: Vocabulary) -> str | None:
    """A deed of the reader's in the statement that is another's in its source, or that only happens.

    What the source orders, or says can or must be done, the reader does.
    """
    given = [(word.lower(), mark) for word, mark in re.findall(r"([\w'’-]+)([^\w\s'’-]*)", source)]
    stems = [stem(word) for word, _ in given]
    if _READER.search(source) or _AS_SOMEONE.search(text):
        return None
    for match in _SUBJECT.finditer(text):
        deed = plain_word(stem(match[1].lower()), set(stems), voice)
        by_hand = _BY_HAND.search(source) is not None
        able = re.search(r"(?i)\bcan\b", match[0]) is not None and not by_hand
        places = [at for at, word in enumerate(stems) if word == deed]
        if places and not any(_readers(given, at, able, by_hand) for at in places):
            return f"“{match[0]}” where the source does not say that you do so"
    return None


def _readers(given: list[tuple[str, str]], at: int, able: bool, by_hand: bool) -> bool:
    """Whether a verb at a place of the source is the reader's deed: ordered, said of "you", or that it can or must be done.

    Args:
        given: the source's words, each with the marks behind it.
        at: the verb's place.
        able: whether the statement says that the reader can do so, which the source does not.
        by_hand: whether the source says where or how it is done.
    """
    before = [word for word, _ in given[:at]]
    if before[-1:] == ["not"] and before[-2:-1] in (["is"], ["are"], ["was"], ["were"]):
        return by_hand
    if not before or given[at - 1][1] or before[-1] in _BEFORE_ORDER:
        return True
    while before and before[-1] in _ADVERBS:
        before.pop()
    if before and before[-1] in {"is", "are", "was", "were", "been"}:
        return not able and (by_hand or stem(given[at][0]) not in _OTHERS_DEEDS)
    if before and before[-1] == "be":
        return any(word in _MODALS for word in before[-4:]) or "to" in before[-2:]
    while before and before[-1] in _MODALS | _BEFORE_ORDER:
        before.pop()
    return not before or before[-1].removesuffix("s") in _ALSO_READERS


def _mixed_persons(text: str, source: str) -> str | None:
    """What is said to the reader of a thing that the source says of anyone's, or of somebody else's."""
    if others := _ANYONE.search(source):
        return f"“you” or “your” where the source says “{others[0]}”"
    for kind, things in (("their", [] if _READER.search(source) else _OF_OTHERS.findall(source)), ("a", _SOME.findall(text))):
        if mixed := next((thing for thing in things if re.search(rf"(?i)\byour {thing}\b", text)), None):
            return f"“your {mixed}” in place of “{kind} {mixed}”"
    return None
