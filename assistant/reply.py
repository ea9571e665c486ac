"""The reply contract: the fixed structure of every reply, its text form, its parser, its grammar and its checks.

Text form, one line each::

    greeting
    [1] a statement resting on passage 1
    [c1] a statement resting on account fact 1
    [1] 1. a numbered step
    Next: one next step

Statements come in the order of the evidence they say, so that the source of a statement is decided by retrieval and
only its wording by the model. The action is decided before the model writes and is no part of the text.

Only an answer says what articles hold. Beside another action a reply may state account facts, in the program's words: where the
customer takes for granted what the account contradicts, that is said whoever goes on with the question.
"""

import re
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from pydantic import BaseModel, Field

from assistant.errors import ReplyFormatError

Action = Literal["answer", "ask", "hand_off"]
How = Literal["written", "quoted"]
Wish = Literal["greeting", "thanks", "acknowledgement", "goodbye", "person", "legal", "complaint"]
"""What a message is that asks nothing: a courtesy, a wish for a person, a threat of legal steps, a complaint and no more."""
NEXT = "Next: "
MAX_GREETING_WORDS = 24
MAX_NEXT_STEP_WORDS = 45
_BLANKS = " \t\r\n\v\f\x1c\x1d\x1e\x1f"
"""What neither the grammar nor the parser takes for text; ASCII alone, for the fast engine's grammars know no other classes."""
_CLASS = " \\t\\r\\n" + _BLANKS[4:]
LINE_TEXT = rf"[^{_CLASS}\[\]][^\r\n\[\]]+"
"""A line's text as a regular expression."""
REST_OF_LINE = rf" {LINE_TEXT}\n"
"""What follows the number with which a line begins."""
_LINE = re.compile(rf"\[(?P<source>c?\d+)\] (?:(?P<step>\d+)\. )?(?P<text>[^{_CLASS}].*)")


class Statement(BaseModel):
    """One sentence or step of an answer."""

    text: str
    sources: list[str] = Field(description='What it rests on: "1" is a passage, "c1" an account fact.')
    how: How = Field("written", description="Written by the model, or quoted from its source.")
    step: int | None = Field(None, description="Its number where it is a step.")
    code: bool = Field(False, description="Whether it is code, quoted line by line.")


class Reply(BaseModel):
    """What a support agent gets to send."""

    greeting: str
    answer: list[Statement]
    next_step: str
    action: Action
    note: str = Field("", description="For the agent only, never copied to the customer.")


@dataclass(frozen=True)
class Evidence:
    """One piece that the reply is to say: its source number, its text, its number where it is a step, whether it is code."""

    source: str
    text: str
    step: int | None = None
    code: bool = False


@dataclass(frozen=True)
class Brief:
    """All that the writer of a reply is told.

    ``evidence`` stands in the order in which it is to be said; ``options`` are what an ``ask`` tells apart;
    ``history`` holds (role, text) pairs, oldest first.
    """

    question: str
    action: Action = "answer"
    evidence: tuple[Evidence, ...] = ()
    options: tuple[str, ...] = ()
    customer: str | None = None
    history: tuple[tuple[str, str], ...] = ()

    @property
    def told(self) -> "Brief":
        """What of it the model is told: beside another action than an answer no evidence, for that is said as it stands."""
        return self if self.action == "answer" else replace(self, evidence=())


def prefix(evidence: Evidence) -> str:
    """What a statement's line begins with: the source number and, for a step, its number."""
    return f"[{evidence.source}] {evidence.step}. " if evidence.step else f"[{evidence.source}] "


def to_text(reply: Reply) -> str:
    """The text form of a reply, code on one line as well."""
    lines = [reply.greeting]
    for statement in reply.answer:
        lines.append(prefix(Evidence(statement.sources[0], "", statement.step)) + _line(statement.text))
    return "\n".join([*lines, NEXT + reply.next_step])


def parse(text: str, action: Action) -> Reply:
    """Read the text form.

    Raises:
        ReplyFormatError: a line is missing, empty or not of the form.
    """
    lines = text.strip("\n").split("\n")
    if len(lines) < 2 or not lines[-1].startswith(NEXT) or not lines[-1][len(NEXT) :].strip(_BLANKS):
        raise ReplyFormatError("the last line is no next step")
    if not lines[0].strip(_BLANKS) or lines[0].startswith(("[", NEXT)):
        raise ReplyFormatError("the first line is no greeting")
    return Reply(
        greeting=lines[0].strip(_BLANKS),
        answer=[parse_statement(line) for line in lines[1:-1]],
        next_step=lines[-1][len(NEXT) :].strip(_BLANKS),
        action=action,
    )


def parse_statement(line: str) -> Statement:
    """Read one statement's line.

    Raises:
        ReplyFormatError: the line has no source number or no text.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        raise ReplyFormatError(f"no statement with its source: {line[:60]!r}")
    step = match["step"]
    return Statement(text=match["text"].strip(_BLANKS), sources=[match["source"]], step=int(step) if step else None)


def grammar(brief: Brief, select: bool = False, after: int = 0) -> str:
    """The grammar of one request as a regular expression: a reply that says exactly this evidence in this order.

    A source number that does not exist cannot be written. ``select`` leaves only the evidence's own words to the
    statements; ``after`` is how many lines stand already, and are left out. Lengths are bounded by ``limit`` while the
    text streams, for bounded repeats make a grammar slow.
    """
    lines = [LINE_TEXT]
    lines += [_literal(prefix(item)) + (_literal(_line(item.text)) if select else LINE_TEXT) for item in brief.evidence]
    return r"\n".join([*lines, NEXT + LINE_TEXT][after:])


def _line(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text)


def _literal(text: str) -> str:
    return re.sub(r"([\\.^$*+?{}\[\]|()/-])", r"\\\1", text)


def limit(brief: Brief, line: int) -> int:
    """The most words that a line of the text form may have; a longer one has run away and is cut off."""
    if line == 0:
        return MAX_GREETING_WORDS
    if line <= len(brief.evidence):
        return 12 + round(1.6 * len(brief.evidence[line - 1].text.split()))
    return MAX_NEXT_STEP_WORDS


_FACTUAL = re.compile(r"\d|https?://|www\.|\S@\S|\b[\w-]+\.[a-z]{2,}\b|\s>\s|[$€£%]")


def violations(reply: Reply, brief: Brief) -> list[str]:
    """What is wrong with a reply by the contract; empty when it is sound.

    The same checks validate lessons, grade models and guard answers.
    """
    found: list[str] = []
    known = [item.source for item in brief.evidence]
    if reply.action != brief.action:
        found.append(f"the action is {reply.action}, not {brief.action}")
    if reply.action == "answer" and not reply.answer:
        found.append("an answer without a statement")
    if reply.action != "answer" and any(not source.startswith("c") for statement in reply.answer for source in statement.sources):
        found.append(f"{reply.action} with statements from articles")
    for statement in reply.answer:
        if not statement.sources:
            found.append(f"no source: {statement.text[:60]!r}")
        found += [f"source [{source}] does not exist" for source in statement.sources if source not in known]
        if not statement.text.strip(_BLANKS) or (not statement.code and re.search(r"[\n\[\]]", statement.text)):
            found.append(f"a statement that is empty or holds brackets: {statement.text[:60]!r}")
    steps = [statement.step for statement in reply.answer if statement.step]
    if steps != sorted(set(steps)):
        found.append(f"steps out of order: {steps}")
    name = (brief.customer or "").casefold()
    for part, text, most in (
        ("greeting", reply.greeting, MAX_GREETING_WORDS),
        ("next step", reply.next_step, MAX_NEXT_STEP_WORDS),
    ):
        words = text.split()
        if not words or len(words) > most:
            found.append(f"{part} has {len(words)} words (1 to {most})")
        plain = text if part == "greeting" else re.sub("|".join(map(re.escape, brief.options)) or "$^", "", text, flags=re.IGNORECASE)
        if _FACTUAL.search(plain.casefold().replace(name, "") if name else plain):
            found.append(f"{part} states a number, path or address: {text[:60]!r}")
    return found


def customer_text(reply: Reply) -> str:
    """What is copied to the customer: no source numbers, no note, code on lines of its own."""
    said = [statement for statement in reply.answer if not statement.step]
    groups = [(code, [statement.text for statement in group]) for code, group in groupby(said, key=lambda statement: statement.code)]
    paragraphs = ["\n".join(texts) if code else " ".join(texts) for code, texts in groups]
    steps = "\n".join(f"{statement.step}. {statement.text}" for statement in reply.answer if statement.step)
    return "\n\n".join(part for part in (reply.greeting, *paragraphs, steps, reply.next_step) if part)
