"""Questions added to a file of questions: all of them are read back, and what stood there stays, remarks included."""

import json
import os

import pytest
import yaml
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from assistant.errors import UserError
from assistant.question_file import Entry, add
from knowledge_base.asked_as import read_asked_as
from knowledge_base.blocks import clean

BY_HAND = """\
# Questions of our customers.
"360012345":                 # as `search` shows the id
  "": ["where do I get my invoice"]  # two a year
  Ask for a Refund:
    asked_as:                # a list will do as well
      "Write to billing": ["can I have my money back",
                           "you charged me twice",]
      "":
        - tell me about refunds   # the whole of it
        # more to come
    gaps: [can the money go to another card]
api:
  Limits:
  - >-
    why am I
    throttled
  - am I blocked

  # the last part
  Keys: {gaps: ["may I have two"]}
...
"""
REMARKS = [line[line.index("#") :] for line in BY_HAND.splitlines() if "#" in line] + ["# ours", "# the end"]
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["", "why", "WHY", "is it: so?", "# no", "a 'b' \"c\"", "- x", "{a: b}", "\\u", "🦜 über", "null", "12", "asked_as", "gaps", "x" * 1100]
)
ENTRIES = st.lists(
    st.builds(
        Entry, st.sampled_from(["a", "b", "360012345", "ü: #1"]) | TEXTS, st.sampled_from(["", "Refunds", "refunds", "Is it: so?"]) | TEXTS,
        st.sampled_from(["asked_as", "gaps", "ambiguous"]), st.sampled_from(["", "Write to"]) | TEXTS, TEXTS,
    ),
    max_size=12,
)  # fmt: skip
STYLES = {
    "hand": lambda data: BY_HAND,
    "block": yaml.safe_dump,
    "set in": lambda data: "---\n" + yaml.safe_dump(data, indent=4, allow_unicode=True).replace("\n", "\r\n") + "# the end",
    "leaves flow": lambda data: "# ours\n" + yaml.safe_dump(data, default_flow_style=None, width=30),
    "json": json.dumps,
    "json lines": lambda data: json.dumps(data, indent=2, ensure_ascii=False) + "\n",
}


def held(path):
    """(article, heading, kind, question) -> the sentences that answer it."""
    return {
        (name, head, kind, question): frozenset(asked.questions.get(question, ())) if kind == "asked_as" else frozenset()
        for name, found in read_asked_as(path).articles.items()
        for head, asked in found.headings.items()
        for kind, questions in (("asked_as", asked.questions), ("gaps", asked.gaps), ("ambiguous", asked.ambiguous))
        for question in questions
    }


def shaped(entries):
    """Entries as the mappings and lists of a file, lists alone where they will do."""
    found = {}
    for entry in entries:
        heads = found.setdefault(entry.article_id, {})
        head = next((name for name in heads if clean(name).casefold() == clean(entry.heading).casefold()), entry.heading)
        if clean(entry.question):
            kinds = heads.setdefault(head, {})
            of = kinds.setdefault(entry.kind, {} if entry.kind == "asked_as" else [])
            (of.setdefault(entry.opening, []) if entry.kind == "asked_as" else of).append(entry.question)
    for heads in found.values():
        for head, kinds in heads.items():
            if list(kinds.get("asked_as", ())) == [""]:
                kinds["asked_as"] = kinds["asked_as"][""]
                heads[head] = kinds["asked_as"] if len(kinds) == 1 else kinds
    return {name: heads for name, heads in found.items() if heads}


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(style=st.sampled_from([None, *STYLES]), there=ENTRIES, entries=ENTRIES)
def test_what_is_added_is_read_back_and_what_was_there_stays(tmp_path, style, there, entries):
    path = tmp_path / "questions.yaml"
    text = STYLES[style](shaped(there)) if style else ""
    path.unlink(missing_ok=True)
    if style:
        path.write_bytes(text.encode())
    try:
        before = held(path) if style else {}
    except UserError:  # what JSON leaves as it is and YAML does not read
        reject()
    new = add(path, entries)
    after = held(path) if path.exists() else {}
    assert before.items() <= after.items()
    words = {(name, head, question.casefold()) for name, head, _, question in before}
    wanted = {(e.article_id, clean(e.heading).casefold(), clean(e.question).casefold()) for e in entries if clean(e.question)}
    assert {(name, head, question.casefold()) for name, head, _, question in after} == words | wanted
    added = [
        entry for entry in entries if (entry.article_id, clean(entry.heading).casefold(), clean(entry.question).casefold()) not in words
    ]
    for (name, head, kind, question), openings in after.items() - before.items():
        told = {
            (e.kind, e.opening if kind == "asked_as" else "")
            for e in added
            if (e.article_id, clean(e.heading).casefold(), clean(e.question).casefold()) == (name, head, question.casefold())
        }
        assert {(kind, opening) for opening in openings or {""}} <= told
    assert new >= len(after) - len(before) >= 0
    written = path.read_bytes().decode() if path.exists() else ""
    assert all(remark in written for remark in REMARKS if remark in text)
    assert add(path, entries) == 0
    assert (held(path) if path.exists() else {}) == after
    assert {item.name for item in tmp_path.iterdir()} <= {"questions.yaml"}


@pytest.mark.parametrize(
    "there",
    [
        "a:\n\n  H:\n\n    - x\n\n    # of y\n    - y\n",
        "a:\n  H:\n    # of x\n    - x\n",
        "a:\n  H: # of H\n    - x\n    - y\n",
        "a:\n  H: [x, y] # of H\n",
        "a:\n  H:\n    gaps: [x] # of x\n",
    ],
)
@pytest.mark.parametrize("kind, opening", [("asked_as", ""), ("asked_as", "Wait a"), ("gaps", "")])
def test_a_remark_stands_once_and_before_what_it_is_of(tmp_path, there, kind, opening):
    path, behind = tmp_path / "questions.yaml", "\n  # of I\n  I: [z]\n\n# of b\nb:\n  J: [w]\n\n# the end\n"
    path.write_text(there + behind)
    assert add(path, [Entry("a", "H", kind, opening, "new"), Entry("b", "J", kind, opening, "new")]) == 2
    lines = [line.strip() for line in path.read_text().splitlines()]
    assert [lines.count(remark) for remark in ("# of I", "# of b", "# the end")] == [1, 1, 1]
    assert "".join(lines).count("#") == (there + behind).count("#")
    assert [lines[lines.index(f"# of {name}") + 1][:2] for name in "Ib"] == ["I:", "b:"] and lines[-1] == "# the end"


def test_what_stands_above_a_line_of_hyphens_stays(tmp_path):
    path = tmp_path / "questions.yaml"
    path.write_bytes(b"# ours\r\n\r\n---\r\n# of a\r\na:\r\n  H: [x]\r\n")
    assert add(path, [Entry("a", "H", "asked_as", "", "new")]) == 1
    assert path.read_bytes() == b'# ours\r\n\r\n---\r\n# of a\r\na:\r\n  H: [x, "new"]\r\n'


def test_a_file_by_hand_keeps_its_remarks_and_its_quotes(tmp_path):
    path = tmp_path / "questions.yaml"
    path.write_text(BY_HAND)
    path.chmod(0o640)
    entries = [
        Entry("360012345", "", "gaps", "", "is there one on paper"),
        Entry("360012345", "ask for a refund", "asked_as", "Write to billing", "I want it back"),
        Entry("360012345", "Ask for a refund", "asked_as", "", "how do refunds work"),
        Entry("360012345", "Ask for a refund", "asked_as", "", "You charged me  twice"),
        Entry("360012345", "Ask for a refund", "gaps", "", "can I have cash"),
        Entry("api", "Limits", "asked_as", "Wait a minute", "how long does it last"),
        Entry("api", "Limits", "asked_as", "", "what is 429"),
        Entry("api", "Limits", "gaps", "", "may I pay for more"),
        Entry("api", "Keys", "ambiguous", "", "my key is gone"),
        Entry("new", "Is it: so?", "ambiguous", "", 'the "blue" one'),
    ]
    assert add(path, entries) == 9
    assert path.stat().st_mode & 0o777 == 0o640
    assert (
        path.read_text()
        == """\
# Questions of our customers.
"360012345":                 # as `search` shows the id
  "":                                # two a year
    asked_as: ["where do I get my invoice"]
    gaps:
      - "is there one on paper"
  Ask for a Refund:
    asked_as:                # a list will do as well
      "Write to billing": ["can I have my money back", "you charged me twice", "I want it back"]
      "":
        - tell me about refunds   # the whole of it
        - "how do refunds work"
        # more to come
    gaps: [can the money go to another card, "can I have cash"]
api:
  Limits:
    asked_as:
      '':
        - >-
          why am I
          throttled
        - am I blocked
        - "what is 429"
      "Wait a minute":
        - "how long does it last"
    gaps:
      - "may I pay for more"

  # the last part
  Keys: {gaps: ["may I have two"], ambiguous: ["my key is gone"]}
"new":
  "Is it: so?":
    ambiguous:
      - "the \\"blue\\" one"
"""
    )


def test_a_question_of_two_sentences_stands_under_both_and_one_of_two_kinds_once(tmp_path):
    path = tmp_path / "questions.yaml"
    both = [Entry("a", "", "asked_as", opening, "why") for opening in ("One", "Two", "Two", "")]
    assert add(path, [*both, Entry("a", "", "gaps", "", "Why"), Entry("a", "", "gaps", "", " ")]) == 2
    assert held(path) == {("a", "", "asked_as", "why"): {"One", "Two"}}
    assert add(path, [Entry("a", "", "asked_as", "Three", "WHY")]) == 0


@pytest.mark.parametrize("text", ["a: &x\n  '': &y [why]\nb: *x\n", "a:\n  '': &y [why]\n  B: *y\n"])
def test_a_file_that_would_not_stay_as_it_is_is_refused_and_left_alone(tmp_path, text):
    path = tmp_path / "questions.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match="nothing can be added without changing what stands in it: name another file"):
        add(path, [Entry("a", "", "asked_as", "", "how")])
    assert path.read_text() == text
    assert [item.name for item in tmp_path.iterdir()] == ["questions.yaml"]


def test_a_file_of_another_shape_and_a_place_that_is_not_there_are_one_sentence(tmp_path):
    (tmp_path / "questions.yaml").write_text("a: [why]")
    with pytest.raises(UserError, match=r"Line 1 of .* is not of the shape"):
        add(tmp_path / "questions.yaml", [Entry("a", "", "asked_as", "", "how")])
    with pytest.raises(UserError, match=r"nowhere/q\.yaml cannot be written \(no such file or directory\): name another place"):
        add(tmp_path / "nowhere" / "q.yaml", [Entry("a", "", "asked_as", "", "how")])


def test_a_killed_writer_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "questions.yaml"
    add(path, [Entry("a", "", "asked_as", "", "how")])
    before = path.read_bytes()
    monkeypatch.setattr(os, "fdopen", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        add(path, [Entry("a", "", "asked_as", "", "why")])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link_and_a_byte_order_mark_stays(tmp_path):
    (tmp_path / "ours.yaml").write_bytes(b"\xef\xbb\xbfa: {'': [how]}")
    (tmp_path / "questions.yaml").symlink_to("ours.yaml")
    assert add(tmp_path / "questions.yaml", [Entry("a", "", "asked_as", "", "why")]) == 1
    assert (tmp_path / "questions.yaml").is_symlink()
    assert (tmp_path / "ours.yaml").read_bytes() == b"\xef\xbb\xbfa: {'': [how, \"why\"]}\n"
