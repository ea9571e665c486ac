"""Replies that agents approved become lessons and example replies: scrubbed, their facts swapped for invented ones, then checked.

Each run makes the files anew from the approved turns, so that a second one adds nothing and what was purged goes.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any
from unicodedata import normalize

from pydantic import ValidationError

from assistant.account_names import account_names, left_over
from assistant.errors import UserError
from assistant.grounding import check
from assistant.prompt import brief_of, plain
from assistant.reply import Brief, Evidence, Reply, Statement, violations
from assistant.settings import Settings
from assistant.turns import Approval, Turn, Turns
from assistant.voices import active_voice
from assistant.wording import NO_ANSWER
from knowledge_base.accounts import Record
from knowledge_base.catalog import Catalog
from knowledge_base.change import store_lock
from knowledge_base.listings import live_articles
from knowledge_base.redaction import redaction_rules
from knowledge_base.secret_text import masked
from training.dataset import build
from training.lessons import APPROVED, REPLIES, Lesson, VoicedReply, approved_folder, approved_lessons, read_lessons, strings
from training.lint import LiveFacts, lint, lint_replies, live_facts
from training.profile import Situation, VoiceProfile, load_profile, profile_of
from training.swap import Swap
from training.taught import Taught
from training.tokens import words_of
from training.voicing import CONTRACTIONS

TRIES = 6
"""How often other replacements are tried where one happens to be a live fact itself."""


class UnfitError(Exception):
    """Why an approved reply makes no lesson."""


@dataclass(frozen=True)
class Taken:
    """An approved reply as a lesson and an example reply in a voice; ``own`` counts the statements in the agent's or model's words."""

    turn: str
    voice: str
    lesson: Lesson
    reply: VoicedReply
    own: int


@dataclass(frozen=True)
class Collected:
    """What a run took, how much of it is new, and what it refused, as (turn, reason)."""

    taken: list[Taken]
    new: int
    refused: list[tuple[str, str]]
    folder: Path


@dataclass(frozen=True)
class _World:
    """What the approved replies are held against."""

    live: LiveFacts
    known: frozenset[str]
    taken: frozenset[str]
    shipped: frozenset[str]


def collect(settings: Settings) -> Collected:
    """Make lessons and example replies of all approved turns, and write them to the store's folder of lessons.

    Raises:
        UserError: the store or a source of articles cannot be read, or the folder cannot be written.
    """
    turns = Turns(settings.store)
    approved = turns.approved()
    folder = approved_folder(settings.store)
    before = {lesson.id for lesson in approved_lessons(settings.store)}
    taken: list[Taken] = []
    refused: list[tuple[str, str]] = []
    if approved:
        world, profiles = _world(settings), _Profiles(settings)
        records = _records(settings, {turn.customer_id for turn, _ in approved if turn.customer_id})
        for turn, approval in approved:
            try:
                taken.append(_taken(turn, approval, profiles.of(turn.voice), records, world, settings))
            except UnfitError as error:
                refused.append((turn.turn, str(error)))
            except (LookupError, ArithmeticError, ValueError) as error:
                refused.append((turn.turn, f"it cannot be made into a lesson ({type(error).__name__}: {error})"))
    with store_lock(settings.store):  # what is purged while lessons are made must not be written after
        left = {turn.turn for turn, _ in turns.approved()}
        taken = [item for item in taken if item.turn in left]
        _write(folder, taken)
    return Collected(taken, sum(item.lesson.id not in before for item in taken), refused, folder)


class _Profiles:
    """The profiles of the voices that answered: the active voice's own, another's from its file."""

    def __init__(self, settings: Settings) -> None:
        self._known: dict[str, VoiceProfile] = {}
        if voice := active_voice(settings):
            self._known[voice.card.name] = profile_of(voice.card.profile, voice.label)

    def of(self, label: str) -> VoiceProfile:
        """The profile of a voice by its label, ``NAME@VERSION``."""
        name = label.partition("@")[0]
        if name not in self._known:
            try:
                self._known[name] = load_profile(name)
            except UserError as error:
                raise UnfitError(f"it was answered by the voice {label}, whose profile is not here") from error
        return self._known[name]


def _world(settings: Settings) -> _World:
    articles = list(live_articles(settings.articles))
    texts = [passage.text for article in articles for passage in article.passages]
    lessons = read_lessons()
    ours = [lesson.model_dump_json() for lesson in lessons]
    live_words = {word.lower() for text in texts for word in words_of(text.title()) | words_of(text) | set(text.split())}
    return _World(
        live=live_facts(articles, settings.product_names),
        known=frozenset(word for text in [*texts, *ours, *CONTRACTIONS.values()] for word in words_of(text)),
        taken=frozenset({word.strip('.,:;()"') for word in live_words} | {lesson.product.lower() for lesson in lessons}),
        shipped=frozenset(lesson.id for lesson in lessons),
    )


def _records(settings: Settings, customers: set[str]) -> dict[str, Record]:
    """The records of customers, as far as they are still there."""
    if not customers:
        return {}
    with Catalog(settings.store) as catalog:
        return {customer: record for customer in customers if (record := catalog.customer(customer)) is not None}


def _taken(
    turn: Turn, approval: Approval, profile: VoiceProfile, records: Mapping[str, Record], world: _World, settings: Settings
) -> Taken:
    """One approved turn as a lesson and its reply; the first replacements that hold no live fact are taken."""
    name = f"approved-{turn.turn}"
    if name in world.shipped:
        raise UnfitError(f"the lesson {name} already stands in training/lessons")
    if turn.customer_id and turn.customer_id not in records:
        raise UnfitError(f"the record of customer {turn.customer_id} is gone, so that nobody can tell which names to take out")
    people = account_names(turn.customer_id, records[turn.customer_id], world.known) if turn.customer_id else {}
    patterns = redaction_rules(patterns=settings.secret_patterns).patterns
    source = _Source(turn, approval, lambda text: normalize("NFC", plain(masked(text, patterns))))
    if source.brief.customer:
        people.setdefault(source.brief.customer, "first")
    found = []
    for attempt in range(TRIES):
        try:
            swap = Swap(source.texts(), people, settings.product_names, world.known, world.taken, f"{turn.turn}/{attempt}")
            lesson, reply, own = source.pair(name, profile, swap)
        except IndexError as error:
            raise UnfitError("it names more things than there are invented names") from error
        except ValidationError as error:
            raise UnfitError(f"it makes no lesson: {error.errors()[0]['msg']}") from error
        texts = {"lesson": tuple(strings(lesson.model_dump())), "reply": tuple(strings(reply.model_dump()))}
        found = lint([Taught(what, said) for what, said in texts.items()], world.live)
        if not found:
            if left := left_over(people, [*texts["lesson"], *texts["reply"]], world.known):
                raise UnfitError(f"it still names {left!r}, which stands in the customer's record")
            _validate(lesson, reply, profile)
            return Taken(turn.turn, profile.name, lesson, reply, own)
    article = f" of the article {found[0].article}" if found[0].article else ""
    raise UnfitError(f"its {found[0].place} still holds a live fact: {found[0].kind} {found[0].text!r}{article}")


class _Source:
    """What a turn and its approval give: the brief as the model was told it, and the reply as the agent approved it."""

    def __init__(self, turn: Turn, approval: Approval, clean: Any) -> None:
        if approval.own:
            raise UnfitError("an agent wrote it whole, so that nothing in it rests on a source")
        if turn.wish:
            raise UnfitError("it replies to a message that asks nothing, in the voice's phrases; the model has no part in it")
        if turn.reply.action != "answer":
            # What such a reply states is the program's: an account fact that contradicts the question.
            turn = turn.model_copy(update={"reply": turn.reply.model_copy(update={"answer": []})})
            approval = approval.model_copy(update={"answer": []})
        self.turn, self.clean = turn, clean
        self.brief = brief_of(turn.prompt, turn.reply.action)
        if len(self.brief.evidence) != len(turn.reply.answer) or len(approval.answer) != len(turn.reply.answer):
            raise UnfitError("its statements are not those of its evidence; it was stored by another version of the program")
        self.kept = [number for number, text in enumerate(approval.answer) if text]
        self.reply = approval.applied(turn.reply)
        self.edited = [approval.answer[number] != turn.reply.answer[number].text for number in self.kept]
        self.numbers = sorted({source for n in self.kept if not (source := self.brief.evidence[n].source).startswith("c")}, key=int)
        self.titles = {hit.source: hit.heading or hit.title for hit in turn.retrieved}

    def texts(self) -> list[str]:
        """Every text that is to be swapped."""
        brief, reply = self.brief, self.reply
        texts = [text for _, text in brief.history]
        texts += [brief.question, *brief.options, *(self.brief.evidence[number].text for number in self.kept)]
        texts += [reply.greeting, *(item.text for item in reply.answer), reply.next_step]
        texts += [self.titles.get(number, "") for number in self.numbers]
        return [self.clean(text) for text in texts]

    def pair(self, name: str, profile: VoiceProfile, swap: Swap) -> tuple[Lesson, VoicedReply, int]:
        """The lesson, the example reply, and how many of its statements are the approved ones.

        A statement that the agent left as it was is said by the profile's rules where it is a quote, or breaks one.
        """
        passages, account, statements, answer, own = self._evidence(profile, swap)
        fields: dict[str, Any] = {
            "id": name,
            "product": swap.product,
            "domain": "approved reply",
            "situation": _situation(self.turn, self.brief, profile),
            "question": swap(self.clean(self.brief.question)),
            "history": [{"role": role, "text": swap(self.clean(text))} for role, text in self.brief.history],
            "customer": swap(self.brief.customer) if self.brief.customer else None,
            "passages": passages,
            "account": account,
            "action": self.brief.action,
            "statements": statements,
            "options": [swap(self.clean(option)) for option in self.brief.options],
        }
        greeting, next_step = (swap(self.clean(text)) for text in (self.reply.greeting, self.reply.next_step))
        return Lesson.model_validate(fields), VoicedReply(lesson=name, greeting=greeting, answer=answer, next_step=next_step), own

    def _evidence(self, profile: VoiceProfile, swap: Swap) -> tuple[list[dict[str, Any]], list[str], list[dict[str, Any]], list[str], int]:
        pieces = [self.brief.evidence[number] for number in self.kept]
        numbers = self.numbers
        passages: list[dict[str, Any]] = [
            {"title": swap(self.clean(self.titles.get(n, "")) or "Passage"), "sentences": []} for n in numbers
        ]
        account: list[str] = []
        statements: list[dict[str, Any]] = []
        answer: list[str] = []
        own = 0
        for at, (piece, said) in enumerate(zip(pieces, self.reply.answer, strict=True)):
            text = swap(self.clean(piece.text))
            if piece.source.startswith("c"):
                account.append(text)
                reference, neutral = f"c{len(account)}", _as_the_customers(text)
            else:
                sentences = passages[numbers.index(piece.source)]["sentences"]
                sentences.append(text)
                reference, neutral = f"{numbers.index(piece.source) + 1}.{len(sentences)}", text
            statements.append({"text": neutral, "evidence": reference, "step": said.step})
            voiced = swap(self.clean(said.text))
            step = said.step is not None
            unfit = profile.broken_rules(voiced, neutral, step) or profile.unvoiced(voiced, neutral, step)
            if not self.edited[at] and (said.how == "quoted" or unfit):
                voiced = profile.say(neutral, step, at)
            else:
                own += 1
            answer.append(voiced)
        return passages, account, statements, answer, own


def _as_the_customers(fact: str) -> str:
    """An account fact as it is said to the customer: "The workspace has 3 seats." -> "Your workspace has 3 seats."."""
    return re.sub(r"\b([Tt])he (?=(?:workspace|account|order|company)\b)", lambda m: "Your " if m[1] == "T" else "your ", fact)


def _situation(turn: Turn, brief: Brief, profile: VoiceProfile) -> Situation:
    """What the reply is about: for an answer, the situation whose greetings come nearest to the voice's own."""
    if brief.action != "answer":
        return "ask_back" if brief.action == "ask" else "unanswerable"

    def likeness(kind: Situation) -> float:
        phrases = (phrase.replace("{name}", brief.customer or profile.nameless) for phrase in profile.greetings[kind])
        return max(SequenceMatcher(None, turn.reply.greeting, phrase).ratio() for phrase in phrases)

    return max((kind for kind in profile.greetings if kind not in NO_ANSWER), key=likeness)


def _validate(lesson: Lesson, reply: VoicedReply, profile: VoiceProfile) -> None:
    """Refuse a lesson that is not sound.

    Raises:
        UnfitError: says what is wrong.
    """
    for statement in lesson.statements:
        if wrong := check(statement.text, Evidence("1", lesson.evidence_text(statement.evidence)), lesson.customer):
            raise UnfitError(f"its evidence cannot be said as it stands: {statement.text[:80]!r} ({wrong})")
    if bad := lint_replies(profile, [lesson], [reply]):
        raise UnfitError(f"it is no example of the voice {profile.name}: {bad[0].text[:80]!r} ({bad[0].reason})")
    brief = lesson.brief()
    said = [Statement(text=text, sources=[item.source], step=item.step) for text, item in zip(reply.answer, brief.evidence, strict=True)]
    whole = Reply(greeting=reply.greeting, answer=said, next_step=reply.next_step, action=lesson.action)
    wrong_parts = violations(whole, brief)
    if missing := [option for option in lesson.options if option.casefold() not in reply.next_step.casefold()]:
        wrong_parts.append(f"the next step does not name {missing[0]!r}")
    if wrong_parts:
        raise UnfitError(f"it breaks the reply contract: {wrong_parts[0]}")
    try:
        build(profile, [lesson], [reply])
    except UserError as error:
        raise UnfitError(str(error)) from error


def _write(folder: Path, taken: list[Taken]) -> None:
    """Write the lessons and, by voice, the replies; each file is replaced as a whole.

    Raises:
        UserError: the folder cannot be written.
    """
    if not taken and not folder.is_dir():
        return
    files: dict[str, Sequence[Lesson] | Sequence[VoicedReply]] = {APPROVED: [item.lesson for item in taken]}
    for voice in {item.voice for item in taken}:
        files[f"{voice}{REPLIES}"] = [item.reply for item in taken if item.voice == voice]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in files.items():
            draft = folder / f".{name}.new"
            draft.write_text("".join(json.dumps(row.model_dump(mode="json"), ensure_ascii=False) + "\n" for row in rows), "utf-8")
            draft.replace(folder / name)
        for path in folder.glob(f"*{REPLIES}"):
            if path.name not in files:
                path.unlink()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"The lessons cannot be written to {folder} ({reason}): free some space and collect them again.") from error
