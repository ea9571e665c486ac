"""Writing: the model's lines, each held against its evidence and released as soon as it is sound."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Literal

from assistant import untrusted, wording
from assistant.engines import messages
from assistant.errors import ReplyFormatError
from assistant.events import Piece
from assistant.grounding import check, quote
from assistant.lead_ins import bare
from assistant.prompt import render
from assistant.reply import NEXT, REST_OF_LINE, Brief, Evidence, Statement, Wish, grammar, limit, parse_statement, prefix
from assistant.serving import Speaker
from assistant.settings import Settings
from assistant.turns import Unsupported
from knowledge_base.found import Clock

MOST_SKIPPED = 3
"""How many pieces of evidence a model may skip before its line counts as unsupported."""
MOST_SECONDS = 2
"""How many unsupported statements of a reply the model may try again, so that the time stays bounded."""
SECOND_SEED = 1
LONGEST_WORD = 12
"""Characters that a word of a line may have on average, so that one without blanks ends as well."""


def _none() -> Generator[str, None, None]:
    yield from ()


@dataclass
class Draft:
    """A reply under way."""

    brief: Brief
    speaker: Speaker
    clock: Clock
    settings: Settings
    situations: tuple[str, ...] = ()
    """What the question may be of, where that is known."""
    verbatim: frozenset[Evidence] = frozenset()
    """Evidence that the program worded, said as it stands."""
    greeting: str = ""
    answer: list[Statement] = field(default_factory=list)
    next_step: str = ""
    read: list[str] = field(default_factory=list)
    """The model's lines that are read."""
    lines: Generator[str, None, None] = field(default_factory=_none)
    """Those that are not."""
    ended: bool = False
    """Whether the model has written all of them."""
    unsupported: list[Unsupported] = field(default_factory=list)
    seconds: int = 0
    again: Statement | None = None
    """The second try of the statement refused last, where grounding let it pass."""
    written: str = ""
    tokens: tuple[int, int] = (0, 0)


def write(draft: Draft) -> Iterator[Piece]:
    """Let the model write, and release each line once it is sound."""
    clock = draft.clock
    draft.lines = _lines(draft)
    first = next(draft.lines, "")
    draft.read.append(first)
    clock.lap("write")
    draft.greeting = wording.sound_greeting(first, draft.brief, draft.speaker.voice, draft.situations)
    clock.lap("check")
    yield Piece("greeting", draft.greeting)
    waiting = list(draft.brief.evidence)
    last = ""
    while (line := next(draft.lines, None)) is not None:
        clock.lap("write")
        draft.read.append(line)
        if line.startswith(NEXT):
            last = line.removeprefix(NEXT)
        placed = _place(line, waiting, draft)
        released = [_release(statement, draft) for statement in placed]
        clock.lap("check")
        yield from released
    clock.lap("write")
    for statement in map(quote, waiting):
        yield _release(statement, draft)
    draft.next_step = wording.sound_next_step(last, draft.brief, draft.speaker.voice, draft.greeting)
    clock.lap("check")
    yield Piece("next_step", draft.next_step)


def answer_courtesy(draft: Draft, kind: Wish, waits: bool) -> Iterator[Piece]:
    """Reply to a message that asks nothing, in the voice's phrases and without the model; ``waits`` as in ``wording.courtesy``."""
    draft.greeting, draft.next_step = wording.courtesy(kind, draft.brief, draft.speaker.voice, waits)
    draft.clock.lap("write")
    yield Piece("greeting", draft.greeting)
    yield Piece("next_step", draft.next_step)


def _release(statement: Statement, draft: Draft) -> Piece:
    """A statement as a piece of the reply; one that says a word from elsewhere gives way to its evidence.

    Every piece of evidence gets one statement, in its order.
    """
    brief, item = draft.brief, draft.brief.evidence[len(draft.answer)]
    others = [brief.question, *(text for _, text in brief.history), *(other.text for other in brief.evidence if other != item)]
    if statement.how == "written" and (word := untrusted.brought_in(_claim(statement, draft), item, others)):
        reason = f"“{word}” stands in another text, not in the source"
        if draft.again is not statement:
            draft.unsupported.append(Unsupported(text=statement.text, sources=statement.sources, reason=reason))
        # Of a second try the first is entered already; in the end the source is said.
        statement = quote(item)
        draft.unsupported[-1].instead, draft.unsupported[-1].said = "quoted", statement.text
    draft.answer.append(statement)
    return Piece("statement", statement.text, statement)


def _place(line: str, waiting: list[Evidence], draft: Draft) -> list[Statement]:
    """The statements that a line of the model releases: its own, and quotes of the evidence that it skipped.

    A line that does not stand up to the evidence whose turn it is may say a later piece of the same source.
    """
    if not waiting or line.startswith(NEXT):
        return []
    try:
        statement = parse_statement(line)
    except ReplyFormatError:
        return [quote(waiting.pop(0))]
    if draft.settings.answering == "select" or waiting[0].code or waiting[0] in draft.verbatim or statement.sources != [waiting[0].source]:
        return [quote(waiting.pop(0))]
    name = draft.brief.customer
    claim = _claim(statement, draft)
    reason = check(claim, waiting[0], name, draft.speaker.vocabulary)
    skipped = 0
    if reason:
        ahead = [place for place, item in enumerate(waiting[: 1 + MOST_SKIPPED]) if item.source == waiting[0].source and not item.code]
        skipped = next((place for place in ahead[1:] if check(claim, waiting[place], name, draft.speaker.vocabulary) is None), 0)
    if reason and not skipped:
        item = waiting.pop(0)
        second = _again(item, draft)
        stands = second or quote(item)
        instead: Literal["quoted", "regenerated"] = "regenerated" if second else "quoted"
        draft.unsupported.append(
            Unsupported(text=statement.text, sources=statement.sources, reason=reason, instead=instead, said=stands.text)
        )
        draft.again = second
        return [stands]
    quotes = [quote(waiting.pop(0)) for _ in range(skipped)]
    item = waiting.pop(0)
    return [*quotes, statement.model_copy(update={"step": item.step})]


def _again(item: Evidence, draft: Draft) -> Statement | None:
    """The model's second try at one piece of evidence, alone in its prompt and sampled; None where it fails as well.

    It costs a line's decoding. The engine serves one at a time, so the first reply is interrupted, and goes on behind the refused
    line when that is replaced: what is sound is released as before.
    """
    if draft.seconds >= MOST_SECONDS:
        return None
    draft.seconds += 1
    draft.clock.lap("check")
    if not draft.ended:
        draft.lines.close()
        draft.lines = _lines(draft)
    prompt = render(Brief(draft.brief.question, evidence=(item,), customer=draft.brief.customer))
    # The blank behind the number is left to the model, to which it is a part of the first word.
    begun = f"{draft.greeting}\n{prefix(item)}".rstrip()
    engine = draft.speaker.engine
    most = 12 + 3 * engine.get_num_tokens(item.text)
    written = str(engine.invoke(messages(prompt), grammar=REST_OF_LINE, begun=begun, max_tokens=most, seed=SECOND_SEED).content)
    draft.clock.lap("again")
    try:
        statement = parse_statement(prefix(item) + written.split("\n", maxsplit=1)[0].strip())
    except ReplyFormatError:
        return None
    if check(_claim(statement, draft), item, draft.brief.customer, draft.speaker.vocabulary):
        return None
    return statement.model_copy(update={"step": item.step})


def _lines(draft: Draft) -> Generator[str, None, None]:
    """The model's lines behind those that are read, each when it is complete; ends early where a line runs away."""
    brief = draft.brief.told
    prompt = messages(render(brief))
    begun, number = "".join(f"{line}\n" for line in draft.read), len(draft.read)
    engine = draft.speaker.engine
    rules = grammar(brief, select=draft.settings.answering == "select", after=number)
    most_tokens = max(1, draft.settings.reply_tokens - (engine.get_num_tokens(begun) if begun else 0))
    buffer, draft.written = "", begun
    for chunk in engine.stream(prompt, grammar=rules, begun=begun, max_tokens=most_tokens):
        buffer += str(chunk.content)
        draft.written += str(chunk.content)
        while "\n" in buffer:
            line, buffer = buffer.split("\n", 1)
            yield line
            number += 1
        most = limit(brief, number)
        if len(buffer.split()) > most or len(buffer) > LONGEST_WORD * most:
            draft.ended = True
            break
    else:
        draft.ended = True
        if buffer.strip():
            yield buffer
    draft.tokens = (engine.get_num_tokens(engine.prompt_text(prompt)), engine.get_num_tokens(draft.written))


def _claim(statement: Statement, draft: Draft) -> str:
    """What a statement states: its text without the voice's lead-in."""
    return bare(statement.text, statement.step is not None, draft.speaker.profile)
