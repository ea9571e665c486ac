"""The grammar of a request: what a model can write under it, and what it cannot."""

import re

import llguidance
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.prompt import plain
from assistant.reply import REST_OF_LINE, Brief, Evidence, Reply, Statement, grammar, parse, prefix, to_text, violations
from training.lessons import read_lessons

METACHARACTERS = r"\ . ^ $ * + ? { } | ( ) / - # & ~ % ! = < > : , ; ' ` @ _ é € “ ”"
BRIEF = Brief(
    question="how do i export my hours",
    evidence=(
        Evidence("c1", "The workspace is on the Team plan."),
        Evidence("2", "An export (CSV) holds at most 10,000 rows."),
        Evidence("1", "Go to Reports > Export.", 1),
        Evidence("1", 'Click "Start".', 2),
    ),
)
LINES = [
    "Hi Amara, happy to help.",
    "[c1] Your workspace is on the Team plan.",
    "[2] An export (CSV) holds at most 10,000 rows.",
    "[1] 1. Head to Reports > Export.",
    '[1] 2. Tap "Start".',
    "Next: Tell us how it goes.",
]


def matches(lines: list[str], brief: Brief = BRIEF, select: bool = False) -> bool:
    return re.fullmatch(grammar(brief, select), "\n".join(lines)) is not None


def compiles(expression: str) -> bool:
    error = llguidance.LLMatcher.validate_grammar(llguidance.LLMatcher.grammar_from_regex(expression))
    return not error


def verbatim(brief: Brief) -> Reply:
    return Reply(
        greeting="Hello, thanks.",
        answer=[Statement(text=item.text, sources=[item.source], step=item.step) for item in brief.evidence],
        next_step="Reply here.",
        action=brief.action,
    )


def test_a_sound_reply_can_be_written():
    assert matches(LINES)


@pytest.mark.parametrize(
    ("what", "lines"),
    [
        ("a phantom source", [LINES[0], "[c2] Your workspace is on the Team plan.", *LINES[2:]]),
        ("a phantom passage", [*LINES[:2], "[9] An export holds 10,000 rows.", *LINES[3:]]),
        ("a missing next step", LINES[:-1]),
        ("an empty next step", [*LINES[:-1], "Next: "]),
        ("a missing greeting", LINES[1:]),
        ("another order", [LINES[0], LINES[2], LINES[1], *LINES[3:]]),
        ("another step number", [*LINES[:3], "[1] 2. Head to Reports > Export.", *LINES[4:]]),
        ("a step without its number", [*LINES[:3], "[1] Head to Reports > Export.", *LINES[4:]]) ,
        ("a missing statement", [*LINES[:2], *LINES[3:]]),
        ("an extra statement", [*LINES[:5], "[1] And more.", LINES[5]]),
        ("a second next step", [*LINES, "Next: And more."]),
        ("a bracket in a statement", [LINES[0], "[c1] Your workspace [2] is on the Team plan.", *LINES[2:]]),
        ("a bracket in the greeting", ["Hi [1], happy to help.", *LINES[1:]]),
        ("a bracket in the next step", [*LINES[:-1], "Next: See [9]."]),
        ("an empty line", [*LINES[:1], "", *LINES[1:]]),
        ("an empty statement", [LINES[0], "[c1] ", *LINES[2:]]),
    ],
)  # fmt: skip
def test_what_is_unsound_cannot_be_written(what, lines):
    assert not matches(lines), what


def test_without_evidence_only_a_greeting_and_a_next_step_can_be_written():
    brief = Brief("hello", "hand_off")
    assert matches([LINES[0], LINES[-1]], brief)
    assert not matches([LINES[0], "[1] A fact.", LINES[-1]], brief)


def test_select_leaves_a_statement_only_the_words_of_its_evidence():
    said = to_text(verbatim(BRIEF)).split("\n")
    assert matches(said, select=True)
    assert not matches([*said[:2], said[2].replace("10,000", "10,001"), *said[3:]], select=True)
    assert not matches([*said[:3], said[3] + " Now", *said[4:]], select=True)
    assert not matches([said[0], said[1].lower(), *said[2:]], select=True)
    assert matches(["Hey, a greeting of the model's own.", *said[1:]], select=True)


def test_select_takes_metacharacters_as_they_stand():
    brief = Brief("q", evidence=(Evidence("1", METACHARACTERS), Evidence("1", "a.b*c (d|e)? {2} $9 ^x \\d+ 50/50 - end")))
    said = to_text(verbatim(brief)).split("\n")
    assert matches(said, brief, select=True)
    assert not matches([said[0], said[1].replace(".", "x"), *said[2:]], brief, select=True)
    assert not matches([said[0], said[1], said[2].replace("a.b", "axb"), said[3]], brief, select=True)
    assert not matches([said[0], said[1], said[2].replace("\\d+", "12"), said[3]], brief, select=True)
    assert compiles(grammar(brief, select=True))


EVIDENCE_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn")), min_size=2, max_size=60).map(plain)
EVIDENCE = st.lists(
    st.builds(
        Evidence,
        source=st.sampled_from(["1", "2", "12", "c1", "c3"]),
        text=EVIDENCE_TEXT.filter(lambda text: len(text) > 1),
        step=st.none(),
    ),
    min_size=1,
    max_size=4,
).map(tuple)
WORDS = st.text(st.sampled_from("abc ÄéßQ.,;:!?'\"“”>&()-#|\\$^*+{}"), min_size=2, max_size=40).map(str.strip)
LINE = WORDS.filter(lambda text: len(text) > 1)


@given(evidence=EVIDENCE)
@settings(max_examples=40, deadline=None)
def test_any_evidence_can_be_selected_and_nothing_longer(evidence):
    brief = Brief("q", evidence=evidence)
    said = to_text(verbatim(brief)).split("\n")
    assert matches(said, brief, select=True)
    assert not matches([*said[:-2], said[-2] + "x", said[-1]], brief, select=True)


@given(data=st.data(), evidence=EVIDENCE, greeting=LINE, next_step=LINE)
@settings(max_examples=60, deadline=None)
def test_what_matches_the_grammar_parses_into_a_reply_of_this_evidence(data, evidence, greeting, next_step):
    evidence = tuple(Evidence(item.source, item.text, number) for number, item in enumerate(evidence, 1))
    brief = Brief("q", evidence=evidence)
    said = [f"[{item.source}] {item.step}. {data.draw(LINE)}" for item in evidence]
    lines = [greeting, *said, "Next: " + next_step]
    assert matches(lines, brief)
    reply = parse("\n".join(lines), "answer")
    assert [statement.sources for statement in reply.answer] == [[item.source] for item in evidence]
    assert [statement.step for statement in reply.answer] == [item.step for item in evidence]
    assert [found for found in violations(reply, brief) if not found.startswith(("greeting", "next step"))] == []


def test_the_grammars_of_fifty_lessons_compile_in_the_engines_grammar_library():
    lessons = read_lessons()[::9][:50]
    assert len(lessons) == 50
    assert [lesson.id for lesson in lessons if not compiles(grammar(lesson.brief()))] == []
    assert [lesson.id for lesson in lessons if not compiles(grammar(lesson.brief(), select=True))] == []


def test_a_broken_expression_does_not_compile():
    assert not compiles("(unclosed")


def test_the_grammar_of_what_is_left_of_a_reply_leaves_out_what_stands():
    lines = ["Hi Amara, happy to help.", *(f"{prefix(item)}It is said." for item in BRIEF.evidence), "Next: Reply here."]
    for stand in range(len(lines)):
        rules = grammar(BRIEF, after=stand)
        assert compiles(rules)
        assert [after for after in range(len(lines)) if re.fullmatch(rules, "\n".join(lines[after:]))] == [stand]


def test_the_grammar_of_the_rest_of_a_line_ends_with_it():
    assert compiles(REST_OF_LINE)
    assert re.fullmatch(REST_OF_LINE, " Head to Reports > Export.\n")
    for wrong in (" Head to [2].\n", " Head to Reports.\n[2] More.\n", "Head to Reports.\n", "  Head to Reports.\n"):
        assert not re.fullmatch(REST_OF_LINE, wrong)
