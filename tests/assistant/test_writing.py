"""The writing of a reply with an engine that writes as it is told: what is released when, and in what order."""

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk

from assistant.reply import Brief, Evidence, parse
from assistant.serving import Speaker
from assistant.settings import Settings
from assistant.writing import MOST_SECONDS, Draft, write
from knowledge_base.found import Clock

EVIDENCE = tuple(Evidence("1", f"The studio fires {what} on {n} days.") for n, what in enumerate(("mugs", "bowls", "vases", "tiles"), 2))
GREETING, NEXT_STEP = "Hello, thank you for your message.", "Next: Please reply here if anything is still unclear."


class Scripted:
    """Writes its lines one by one, and what it is asked for once more otherwise."""

    def __init__(self, lines, again):
        self.lines, self.second, self.written, self.begun = lines, iter(again), [], []

    def stream(self, messages, begun, **options):
        self.begun.append(begun)
        for line in self.lines[begun.count("\n") :]:
            self.written.append(line)
            yield AIMessageChunk(line if line.startswith("Next: ") else f"{line}\n")

    def invoke(self, messages, begun, **options):
        self.begun.append(begun)
        return AIMessage(next(self.second))

    def get_num_tokens(self, text):
        return len(text.split())

    def prompt_text(self, messages):
        return " ".join(str(message.content) for message in messages)


def written(wrong, again):
    """A reply whose statements of these places are wrong, and what stood written when each statement was released."""
    lines = [f"[1] {item.text}" for item in EVIDENCE]
    for place in wrong:
        lines[place] = "[1] The studio fires everything on 77 days."
    engine = Scripted([GREETING, *lines, NEXT_STEP], again)
    draft = Draft(Brief("when?", evidence=EVIDENCE), Speaker(None, engine), Clock(), Settings())
    released = [(piece.statement, len(engine.written)) for piece in write(draft) if piece.statement]
    return draft, engine, released


@pytest.mark.parametrize(
    ("again", "how"), [(" The studio fires bowls on 3 days.\n", "written"), (" The studio fires bowls on 8 days.\n", "quoted")]
)
def test_what_is_refused_is_tried_again_at_once_and_the_reply_goes_on_behind_it(again, how):
    draft, engine, released = written([1], [again])
    assert [at for _, at in released] == [2, 3, 4, 5], "each statement is released before the next is written"
    assert [statement.text for statement, _ in released] == [item.text for item in EVIDENCE]
    assert [statement.how for statement, _ in released] == ["written", how, "written", "written"]
    assert engine.written == engine.lines, "no line is written twice"
    assert engine.begun == ["", f"{GREETING}\n[1]", "".join(f"{line}\n" for line in engine.lines[:3])]
    assert draft.written == "\n".join(engine.lines) and parse(draft.written, "answer")
    assert [item.instead for item in draft.unsupported] == ["regenerated" if how == "written" else "quoted"]
    assert [item.said for item in draft.unsupported] == [EVIDENCE[1].text], "what stands in its place"
    assert draft.tokens[1] == len(draft.written.split())


def test_only_so_many_are_tried_again(again=" The studio fires nothing.\n"):
    draft, engine, released = written([0, 1, 2, 3], [again] * 4)
    assert len(engine.begun) == 1 + 2 * MOST_SECONDS
    assert [statement.how for statement, _ in released] == ["quoted"] * 4
    assert len(draft.unsupported) == 4


def test_a_reply_that_has_ended_is_not_begun_anew():
    engine = Scripted([GREETING, "[1] The studio fires everything on 77 days."], [" The studio fires mugs on 2 days."])
    engine.stream = lambda messages, **options: iter([AIMessageChunk("\n".join(engine.lines))])
    draft = Draft(Brief("when?", evidence=EVIDENCE[:1]), Speaker(None, engine), Clock(), Settings())
    assert [piece.text for piece in write(draft)] == [GREETING, EVIDENCE[0].text, NEXT_STEP.removeprefix("Next: ")]


def test_code_is_quoted_with_its_lines_whatever_the_model_writes():
    code = Evidence("1", "cd x\nmake a[0]", code=True)
    evidence = (EVIDENCE[0], code, EVIDENCE[1])
    engine = Scripted([GREETING, f"[1] {EVIDENCE[0].text}", "[1] cd x make a", f"[1] {EVIDENCE[1].text}", NEXT_STEP], [])
    draft = Draft(Brief("when?", evidence=evidence), Speaker(None, engine), Clock(), Settings())
    said = [(piece.statement.text, piece.statement.how, piece.statement.code) for piece in write(draft) if piece.statement]
    assert said == [(EVIDENCE[0].text, "written", False), (code.text, "quoted", True), (EVIDENCE[1].text, "written", False)]


def test_no_line_of_the_model_stands_for_code_that_comes_later():
    code = Evidence("1", "make the kiln ready", code=True)
    engine = Scripted([GREETING, "[1] make the kiln ready", NEXT_STEP], [" The studio fires mugs on 9 days.\n"])
    draft = Draft(Brief("when?", evidence=(EVIDENCE[0], code)), Speaker(None, engine), Clock(), Settings())
    said = [(piece.statement.text, piece.statement.how, piece.statement.code) for piece in write(draft) if piece.statement]
    assert said == [(EVIDENCE[0].text, "quoted", False), (code.text, "quoted", True)]
