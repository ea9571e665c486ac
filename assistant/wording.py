"""Greetings and next steps: sound ones pass, others are replaced by the voice's own phrases or by plain ones."""

import hashlib
import re
from collections.abc import Sequence

from assistant.reply import Brief, Reply, violations
from assistant.voices import Voice

PLAIN_GREETING = "Hello {name}, thank you for your message."
PLAIN_NEXT = {
    "answer": "Please reply here if anything is still unclear.",
    "ask": "Do you mean {options}?",
    "hand_off": "A colleague will look into this and reply here.",
}
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


def sound_greeting(text: str, brief: Brief, voice: Voice | None) -> str:
    """The model's greeting, or a phrase of the voice where it names someone else, states a fact or is no greeting."""
    text = text.strip()
    others = {name for pair in _ADDRESSED.findall(text) for name in pair if name} - {brief.customer, *_NO_NAMES}
    if not _violates("greeting", text, brief) and not others and not _PROMISES.search(text) and not (
        brief.action == "answer" and SHRUGS.search(text)
    ):
        return text
    phrases = voice.card.profile.get("greetings", {}) if voice else {}
    kind = {"ask": "ask_back", "hand_off": "unanswerable", "answer": "how_to"}[brief.action]
    phrase = _pick(phrases.get(kind) or [PLAIN_GREETING], brief)
    return phrase.replace("{name}", brief.customer or "there")


def sound_next_step(text: str, brief: Brief, voice: Voice | None) -> str:
    """The model's next step, or a phrase of the voice where it states a fact, promises or does not do its job."""
    text = text.strip()
    missing = [option for option in brief.options if option.casefold() not in text.casefold()]
    asks = text.endswith("?") == (brief.action == "ask")
    if not _violates("next step", text, brief) and not missing and asks and not _PROMISES.search(_without(text, brief.options)):
        return text
    profile = voice.card.profile if voice else {}
    own = {
        "ask": profile.get("asks"),
        "hand_off": profile.get("hand_offs"),
        "answer": profile.get("next_steps", {}).get("how_to"),
    }[brief.action]
    return _pick(own or [PLAIN_NEXT[brief.action]], brief).replace("{options}", " or ".join(brief.options))


def _violates(part: str, text: str, brief: Brief) -> bool:
    reply = Reply(
        greeting=text if part == "greeting" else "Hello.",
        answer=[],
        next_step=text if part != "greeting" else "Reply here.",
        action=brief.action,
    )
    return any(found.startswith(part) for found in violations(reply, brief)) or not re.search(r"[.!?]$", text)


def _without(text: str, options: Sequence[str]) -> str:
    for option in options:
        text = re.sub(re.escape(option), "", text, flags=re.IGNORECASE)
    return text


def _pick(phrases: Sequence[str], brief: Brief) -> str:
    """One of the phrases, the same for the same question."""
    number = int.from_bytes(hashlib.sha256(brief.question.encode()).digest()[:4], "big")
    return phrases[number % len(phrases)]
