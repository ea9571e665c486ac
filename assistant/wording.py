"""Greetings and next steps: sound ones pass, others are replaced by the voice's own phrases or by plain ones."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from assistant.reply import Brief, Reply, Wish, violations
from assistant.voices import Voice

PLAIN_GREETING = "Hello {name}, thank you for your message."
PLAIN_NEXT = {
    "answer": "Please reply here if anything is still unclear.",
    "ask": "Do you mean {options}?",
    "hand_off": "A colleague will look into this and reply here.",
}
PLAIN_COURTESIES: dict[Wish, tuple[str, str]] = {
    "greeting": (PLAIN_GREETING, "What can we help you with?"),
    "thanks": ("Hello {name}, thank you for letting us know.", "Is there anything else we can help you with?"),
    "acknowledgement": ("Hello {name}, thank you for your reply.", "Is there anything else we can help you with?"),
    "goodbye": ("Goodbye {name}.", "Please write again whenever you need us."),
    "person": (PLAIN_GREETING, ""),
    "legal": (PLAIN_GREETING, ""),
    "complaint": (PLAIN_GREETING, ""),
}
"""What is said, without a voice, to a message that asks nothing: its greeting and, where it is not handed off, its next step."""
NO_ANSWER = ("ask_back", "unanswerable")
SHRUGS = re.compile(r"(?i)\b(?:don['’]t|do not) (?:know|have)|not sure|can['’]?not answer|can['’]t answer|no idea\b")
_ADDRESSED = re.compile(r"\b(?:Hi|Hey|Hello|Dear),? ([A-Z][\w-]+)|(?:^|, )([A-Z][\w-]+)(?=[,.!?])")
"""Who a text speaks to: "Hi Ada", "Ada, ..." or "..., Ada."."""
_NO_NAMES = frozenset(
    "Hi Hey Hello Thanks Sorry Sure Great Good Right Okay Yes No Well Absolutely Welcome There We You It That The Let".split()
)
_PROMISES = re.compile(
    r"(?i)\b(minutes|hours|days|weeks|tomorrow|"
    r"(?:in an?|in one|within an?|within one|next|same|business|working|end of the) (?:minute|hour|day|week)|"
    r"refund(?:ed)?|free of charge|guarantee[ds]?)\b"
)

_COURTESY = frozenset(
    "a about all also always am an and any anything anytime are as ask asked asking at back be been but by can can't check contact could "
    "details do does don't easy else enjoy everything feel find for forward free from further get getting give glad go good got great "
    "hand happy have hear hello help helping helps here hesitate hey hi hiccup hope how i i'd i'll i'm if in into is it it's just know let "
    "let's like look looking may me message more my need no not now of off ok okay on one or our out over please pleased points problem "
    "question questions quick reach reaching ready reply request right see sent share should show so some something sorry sort start "
    "steps still support sure take team tell thank thanks that that's the them then there these they this through to together too touch "
    "trouble try unclear understand up us very walk want was we we'd we'll we're we've welcome well what when which will with working "
    "would write writing you you'd you'll you're you've your yours".split()
)
"""Words that a greeting or next step may use without a phrase of the voice having them."""


CLOSE = 0.8
"""Share of words that the model's line must have in common with one of the voice's phrases to stand as it is.

A small model now and then writes a closing that says nothing or the wrong thing; near a phrase it cannot go astray.
"""


def sound_greeting(text: str, brief: Brief, voice: Voice | None, situations: Collection[str] = ()) -> str:
    """The model's greeting where it is one of the voice's manner and fits the situation, names nobody else and states nothing.

    Otherwise the voice's phrase that comes nearest to it, or a plain one without a voice.

    Args:
        text: the model's greeting.
        brief: what the reply is to say.
        voice: whose manner it is to have.
        situations: those that an answer may greet for; all where none is named.
    """
    text = text.strip()
    others = {name for pair in _ADDRESSED.findall(text) for name in pair if name} - {brief.customer, *_NO_NAMES}
    shrugs = brief.action == "answer" and SHRUGS.search(text)
    profile = voice.card.profile if voice else {}
    sound = not (_violates("greeting", text, brief) or others or shrugs or _PROMISES.search(text) or _strays(text, brief, profile))
    greetings: dict[str, list[str]] = profile.get("greetings", {})
    answering = [kind for kind in greetings if kind not in NO_ANSWER and (not situations or kind in situations)]
    kinds = {"ask": ["ask_back"], "hand_off": ["unanswerable"]}.get(brief.action, answering)
    phrases = [phrase for kind in kinds for phrase in greetings.get(kind, [])]
    return _own_or_nearest(
        text, sound, [p.replace("{name}", brief.customer or _nameless(voice)) for p in phrases or [PLAIN_GREETING]], brief, voice
    )


def sound_next_step(text: str, brief: Brief, voice: Voice | None, greeting: str = "") -> str:
    """The model's next step where it is one of the voice's manner, does its job and states nothing.

    Otherwise a phrase for the situation that the greeting is of, or a plain one without a voice. What is asked back
    about stands in quotation marks, so that a reader sees where one title ends.
    """
    return _with_titles(_next_step(text, brief, voice, greeting), brief.options)


def _next_step(text: str, brief: Brief, voice: Voice | None, greeting: str) -> str:
    text = text.strip()
    profile = voice.card.profile if voice else {}
    own = {"ask": profile.get("asks"), "hand_off": profile.get("hand_offs"), "answer": _for_situation(greeting, brief, voice)}[brief.action]
    options = " or ".join(brief.options)
    phrases = [phrase.replace("{options}", options) for phrase in own or [PLAIN_NEXT[brief.action]]]
    if does_its_job(text, brief, profile) and (voice is None or max(in_common(text, phrase) for phrase in phrases) >= CLOSE):
        return text
    return _one_of(phrases, brief)


def _for_situation(greeting: str, brief: Brief, voice: Voice | None) -> list[str]:
    """The voice's next steps for the situation that a greeting is of."""
    profile = voice.card.profile if voice else {}
    steps: dict[str, list[str]] = profile.get("next_steps", {})
    greetings: dict[str, list[str]] = profile.get("greetings", {})
    name = brief.customer or _nameless(voice)
    near = {kind: max(in_common(greeting, p.replace("{name}", name)) for p in greetings[kind]) for kind in steps}
    return steps[max(near, key=lambda kind: near[kind])] if near else []


def courtesy(kind: Wish, brief: Brief, voice: Voice | None, waits: bool = False) -> tuple[str, str]:
    """The greeting and the next step to a message that asks nothing: the voice's phrases for such a one, or plain ones.

    The model has no part in them, for it never saw such a message. ``waits`` says that the customer still waits for an answer of a
    person, so that nothing is said to have helped: the phrases are those of what is handed off.
    """
    profile = voice.card.profile if voice else {}
    own: dict[str, list[str]] = profile.get("courtesies", {}).get(kind, {})
    greeting, next_step = PLAIN_COURTESIES[kind]
    if waits:
        own, greeting, next_step = {"greetings": profile.get("greetings", {}).get("unanswerable", [])}, PLAIN_GREETING, ""
    closings = own.get("next_steps") or ([next_step] if next_step else profile.get("hand_offs") or [PLAIN_NEXT["hand_off"]])
    opening = _one_of(own.get("greetings") or [greeting], brief)
    return opening.replace("{name}", brief.customer or _nameless(voice)), _one_of(closings, brief)


def does_its_job(text: str, brief: Brief, profile: Mapping[str, Any]) -> bool:
    """Whether a next step asks where it is to ask and else does not, states and promises nothing, and stays with its voice's words."""
    missing = [option for option in brief.options if option.casefold() not in text.casefold()]
    asks = text.endswith("?") == (brief.action == "ask")
    promises = _PROMISES.search(_without(text, brief.options))
    return not (_violates("next step", text, brief) or missing or not asks or promises or _strays(text, brief, profile))


def _strays(text: str, brief: Brief, profile: Mapping[str, Any]) -> set[str]:
    """Words that are neither common courtesy nor the voice's own nor the customer's name: what a text from outside put there."""
    groups = [*profile.get("greetings", {}).values(), *profile.get("next_steps", {}).values()]
    phrases = [*(phrase for group in groups for phrase in group), *profile.get("asks", []), *profile.get("hand_offs", [])]
    known = " ".join(
        [*phrases, *profile.get("words", {}).values(), *brief.options, brief.customer or "", PLAIN_GREETING, *PLAIN_NEXT.values()]
    )
    return set(_said(text)) - _COURTESY - set(_said(known))


def _said(text: str) -> list[str]:
    return re.findall(r"[\w'-]+", text.lower().replace("’", "'"))


def _own_or_nearest(text: str, sound: bool, phrases: Sequence[str], brief: Brief, voice: Voice | None) -> str:
    """The text where it may stand; else the nearest phrase, among equally near ones always the same for a question."""
    if sound and voice is None:
        return text
    shares = [in_common(text, phrase) for phrase in phrases]
    best = max(shares)
    if sound and best >= CLOSE:
        return text
    return _one_of([phrase for phrase, share in zip(phrases, shares, strict=True) if share == best], brief)


def _one_of(phrases: Sequence[str], brief: Brief) -> str:
    """Always the same phrase for a question."""
    return phrases[int.from_bytes(hashlib.sha256(brief.question.encode()).digest()[:4], "big") % len(phrases)]


def _nameless(voice: Voice | None) -> str:
    """What a greeting says where no name is known."""
    return str(voice.card.profile.get("nameless", "there")) if voice else "there"


def in_common(text: str, phrase: str) -> float:
    """Share of words that two lines have in common, of the longer one's."""
    ours, theirs = (set(re.findall(r"[\w'’]+", line.lower())) for line in (text, phrase))
    return len(ours & theirs) / max(len(ours), len(theirs), 1)


def _violates(part: str, text: str, brief: Brief) -> bool:
    reply = Reply(
        greeting=text if part == "greeting" else "Hello.",
        answer=[],
        next_step=text if part != "greeting" else "Reply here.",
        action=brief.action,
    )
    return any(found.startswith(part) for found in violations(reply, brief)) or not re.search(r"[.!?]$", text)


def _with_titles(text: str, options: Sequence[str]) -> str:
    if not options:
        return text
    longest_first = "|".join(re.escape(option) for option in sorted(options, key=len, reverse=True))
    text = re.sub(longest_first, lambda match: _title(match[0]), text, flags=re.IGNORECASE)
    *first, last = map(_title, options)
    return text.replace(" or ".join([*first, last]), f"{', '.join(first)} or {last}")


def _title(option: str) -> str:
    return f"“{option[:1].upper()}{option[1:]}”"


def _without(text: str, options: Sequence[str]) -> str:
    for option in options:
        text = re.sub(re.escape(option), "", text, flags=re.IGNORECASE)
    return text
