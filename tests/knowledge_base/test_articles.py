"""Articles: front matter, and passages that keep sentence and step boundaries."""

import cProfile
import json
import pstats

import pytest

from knowledge_base.articles import article_from_html, article_from_markdown
from knowledge_base.blocks import UNIT_WORDS, words
from knowledge_base.documents import read_document
from knowledge_base.passages import PASSAGE_WORDS
from knowledge_base.rows import article_of

BODY = {"section": "", "audience": "public", "plans": [], "product": "", "language": "", "passages": []}


def read(text, name="an-article.md"):
    return article_from_markdown(text if isinstance(text, bytes) else text.encode(), name, "2026-01-02")


def texts(article):
    return [unit.text for passage in article.passages for unit in passage.units]


def steps(article):
    return [(unit.step, unit.text) for passage in article.passages for unit in passage.units if unit.step]


def test_front_matter_is_read():
    article = read(
        "---\nid: refunds\ntitle: Get a refund\nsection: Billing\nupdated: 2026-03-04\naudience: Internal\nplans: [Free, Team]\n---\nText.",
    )
    assert (article.article_id, article.title, article.section) == ("refunds", "Get a refund", "Billing")
    assert (article.updated, article.audience, article.plans) == ("2026-03-04", "internal", ("Free", "Team"))


def test_without_an_id_the_relative_path_is_the_id():
    article = read("Text.", "billing-plans/refund.md")
    assert article.article_id == "billing-plans/refund.md"
    assert article.section == "billing plans"
    assert article.audience == "public"
    assert article.updated == "2026-01-02"


def test_without_a_title_the_first_heading_and_then_the_file_name_is_the_title():
    assert read("# Pay *late*, please\n\nText.").title == "Pay late, please"
    assert read("Text.", "pay-an-invoice.md").title == "pay an invoice"


def test_a_single_plan_is_one_plan_and_odd_plans_do_no_harm():
    assert read("---\nplans: Free\n---\nText.").plans == ("Free",)
    assert read("---\nplans: 3\n---\nText.").plans == ("3",)
    assert read("---\nplans:\n---\nText.").plans == ()


def test_an_empty_front_matter_is_no_error():
    assert texts(read("---\n---\nBody text.")) == ["Body text."]


def test_a_mark_without_a_word_is_no_sentence():
    text = "# T\n\n'It is *cleaned* with water.' '\n\n***\n\n\u2192\n\n<div>It dries.</div>'\n"
    assert texts(read(text)) == ["'It is cleaned with water.' '", "It dries."]


def test_sentences_keep_their_boundaries():
    article = read("Prices start at 3.50 USD, e.g. for Team. Nobody pays\nmore. Is that so? Yes!")
    assert texts(article) == ["Prices start at 3.50 USD, e.g. for Team.", "Nobody pays more.", "Is that so?", "Yes!"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Yes. You need a card.", ["Yes. You need a card."]),
        ("No, never. Only owners can. Ask one.", ["No, never. Only owners can.", "Ask one."]),
        ("Yes!\n\nYou need a card.", ["Yes! You need a card."]),
        ("Yes. Absolutely. You need a card.", ["Yes. Absolutely. You need a card."]),
        ("No, you can’t. Ask an owner.", ["No, you can’t. Ask an owner."]),
        ("It does. Wait.", ["It does. Wait."]),
        ("It is on. Yes.", ["It is on.", "Yes."]),
        ("Yes.\n\n1. Open it.\n2. Shut it.", ["Yes.", "Open it.", "Shut it."]),
        ("Yes.\n\n## Next\n\nText.", ["Yes.", "Text."]),
        ("No refunds. Write to us.", ["No refunds.", "Write to us."]),
        ("Yes, on the Team plan. It is free.", ["Yes, on the Team plan.", "It is free."]),
        ("Nein. Das geht nicht.", ["Nein. Das geht nicht."]),
    ],
)
def test_a_bare_yes_or_no_stays_with_the_sentence_after_it(written, said):
    assert texts(read(f"## Is it free?\n\n{written}")) == said


def test_a_question_finds_its_sentence_behind_a_bare_yes_and_with_it():
    lines = ['"You need": [what do i need]', '"Yes. You": [is it at no cost]', '"It is paid": [when]']
    front = "---\nasked_as:\n  Is it free?:\n    " + "\n    ".join(lines) + "\n---\n"
    (passage,) = read(f"{front}## Is it free?\n\nYes. You need a card. It is paid later.").passages
    assert dict(zip(passage.asked, passage.answered_by, strict=True)) == {"what do i need": (0,), "is it at no cost": (0,), "when": (1,)}


def test_ordered_lists_become_numbered_steps_each_one_whole():
    article = read("## How\n\n1. Open **Settings**. Wait a moment.\n2. Click `Save`, then close.\n3. Done.\n")
    assert steps(article) == [(1, "Open Settings. Wait a moment."), (2, "Click Save, then close."), (3, "Done.")]
    assert {unit.kind for unit in article.passages[0].units} == {"step"}
    assert article.passages[0].text == "1. Open Settings. Wait a moment.\n2. Click Save, then close.\n3. Done."


def test_steps_count_on_from_the_number_that_a_list_starts_with():
    assert steps(read("4. Fourth.\n5. Fifth.\n")) == [(4, "Fourth."), (5, "Fifth.")]


def test_loose_steps_keep_their_paragraphs_together():
    article = read("1. Open it.\n\n   It takes a minute.\n\n2. Close it.\n")
    assert steps(article) == [(1, "Open it. It takes a minute."), (2, "Close it.")]


def test_tables_are_worded_as_one_sentence_for_each_row():
    article = read("| Plan | Price | Seats |\n|---|---|---|\n| Free | **0 USD**, always | 3 |\n| Team | 9 USD | |\n")
    assert texts(article) == ["Free: Price: 0 USD, always; Seats: 3.", "Team: Price: 9 USD."]
    assert {unit.kind for unit in article.passages[0].units} == {"row"}


def test_a_table_of_two_columns_is_worded_without_its_head():
    assert texts(read("| Light | Meaning |\n|---|---|\n| `Red` | Too hot. |\n")) == ["Red: Too hot."]


def test_a_row_that_is_named_by_a_figure_says_of_what():
    assert texts(read("| Code | Meaning |\n|---|---|\n| `429` | Too many requests. |\n")) == ["Code 429: Too many requests."]
    text = "| Charge | Range | Time |\n|---|---|---|\n| 20–50% | 30 km | 2 hours |\n| full | 90 km | 6 hours |\n"
    assert texts(read(text)) == ["Charge 20–50%: Range: 30 km; Time: 2 hours.", "full: Range: 90 km; Time: 6 hours."]
    assert texts(read("| Value | Use |\n|---|---|\n| 5 | Input |\n")) == ["5: Input."]


def test_a_bare_figure_is_worded_with_its_column():
    assert texts(read("| Plan | Webhooks |\n|---|---|\n| Free | none |\n| Team | 5 |\n")) == [
        "Free: none.",
        "Webhooks: Team: 5.",
    ]
    assert (
        texts(read("| Service | Charge a month |\n|---|---|\n| Fibre 50 | £14 |\n| Line | US$ 9 |\n"))[0]
        == "Charge a month: Fibre 50: £14."
    )
    assert texts(read("| Part | Value |\n|---|---|\n| Input | 5 V |\n")) == ["Input: 5 V."]


def test_raw_html_is_read_like_markdown():
    article = read(
        "Intro.\n\n<h2>Way out</h2>\n<ol><li><p>Open it.</p><p>Wait.</p></li><li>Shut it.</li></ol>\n"
        "<table><tr><th>A</th><th>B</th></tr><tr><td>x</td><td>one</td></tr></table>\n",
    )
    assert [passage.heading for passage in article.passages] == ["", "Way out"]
    assert steps(article) == [(1, "Open it. Wait."), (2, "Shut it.")]
    assert "x: one." in texts(article)


def test_inline_html_does_not_tear_a_sentence_apart():
    article = read("<div>Go to <b>Settings</b> and click <a href='x'>Save</a>.<br>Then wait.</div>")
    assert texts(article) == ["Go to Settings and click Save.", "Then wait."]


@pytest.mark.parametrize("name", "area base br col embed hr img input link meta param source track wbr".split())
def test_an_element_that_holds_nothing_is_no_text_however_it_is_closed(name):
    parts = {"br": ["Line one", "Line two"], "hr": ["Line one", "Line two"]}
    for tag in (f"<{name}>", f"<{name}/>", f"<{name} />", f"<{name.upper()}/>"):
        html = f"<p>Line one{tag}Line two</p>"
        found = texts(article_from_html(html, article_id="a", title="A", digest="d"))
        assert [text for text in found if "<" in text] == []
        assert found == parts.get(name, found)
        assert texts(read(html)) == texts(read_document(html.encode(), "a.html")) == found
    assert texts(read("Copy it to <path/to/folder> and <folder/name/>.")) == ["Copy it to <path/to/folder> and <folder/name/>."]


def test_scripts_styles_and_comments_are_not_text():
    article = read("Text.\n\n<script>alert('x')</script>\n<style>p {}</style>\n<!-- to do -->\n\nMore.")
    assert texts(article) == ["Text.", "More."]


def test_nested_bullets_become_sentences_after_their_step():
    article = read("1. Choose one:\n   - The red one.\n   - The blue one.\n2. Save.\n")
    assert texts(article) == ["Choose one:", "The red one.", "The blue one.", "Save."]
    assert steps(article) == [(1, "Choose one:"), (2, "Save.")]


def test_a_nested_ordered_list_does_not_break_the_count_of_the_outer_one():
    article = read("1. Outer one.\n   1. Inner a.\n   2. Inner b.\n2. Outer two.\n")
    assert steps(article) == [(1, "Outer one."), (2, "Outer two.")]
    assert texts(article) == ["Outer one.", "Inner a.", "Inner b.", "Outer two."]


def test_code_is_one_unit_of_its_own():
    article = read("Run this:\n\n```sh\ncurl -X POST. Then\nls\n```\n")
    code = article.passages[0].units[-1]
    assert (code.kind, code.text) == ("code", "curl -X POST. Then\nls")


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("cd x\nmake", "cd x\nmake"),
        ("a: 1\nb:\n  c: 2\n\nd: 3  ", "a: 1\nb:\n  c: 2\n\nd: 3"),
        ("curl -X POST url \\\n  -H 'a: b'", "curl -X POST url \\\n  -H 'a: b'"),
        ("\n    one\n      two\n", "one\n  two"),
        ("all:\n\tmake", "all:\n\tmake"),
        ("x\u00a0= 1\u200b", "x = 1"),
    ],
)
def test_lines_of_code_stay_as_they_are_to_be_copied(written, read_as):
    html = f"<p>Run this:</p><pre><code>{written}</code></pre>"
    for article in (
        read(f"Run this:\n\n```\n{written}\n```\n"),
        article_from_html(html, article_id="a", title="A", digest="d"),
        read_document(html.encode(), "a.html"),
    ):
        assert kinds(article) == [("sentence", None, "Run this:"), ("code", None, read_as)]
    breaks = "<pre>" + written.replace("\n", "<br/>") + "</pre>"
    assert texts(article_from_html(breaks, article_id="a", title="A", digest="d")) == [read_as]


def test_code_that_is_a_step_or_stands_in_a_cell_keeps_its_lines():
    article = read("1. ```\n   cd x\n   make\n   ```\n2. Wait.\n")
    assert kinds(article) == [("code", 1, "cd x\nmake"), ("step", 2, "Wait.")]
    assert article.passages[0].text == "1. cd x\nmake\n2. Wait."
    table = read("<table><tr><th>System<th>Commands<tr><td>Linux<td><pre>cd x\nmake</pre><tr><td>Other<td><pre>make</pre></table>")
    assert texts(table) == ["Linux:", "cd x\nmake", "Other: make."]


def test_long_code_is_cut_between_lines_but_not_within_a_command():
    command = "curl -X POST url \\\n  -H 'a: b' \\\n  -d @file"
    article = read("```\n" + "\n".join([command] * 40) + "\n```\n")
    pieces = [unit.text for passage in article.passages for unit in passage.units]
    assert len(pieces) > 2 and "\n".join(pieces) == "\n".join([command] * 40)
    assert all(words(piece) <= UNIT_WORDS and piece.endswith("@file") for piece in pieces)


def test_headings_cut_passages():
    article = read("Intro.\n\n## One\n\nFirst.\n\n### Two\n\nSecond.\n")
    assert [(passage.heading, passage.text) for passage in article.passages] == [
        ("", "Intro."),
        ("One", "First."),
        ("Two", "Second."),
    ]


def test_long_sections_are_cut_between_sentences():
    sentences = [f"Sentence {number} has exactly these ten words in it now." for number in range(40)]
    article = read("## Long\n\n" + " ".join(sentences))
    assert texts(article) == sentences
    assert len(article.passages) == 3
    assert all(len(passage.text.split()) <= PASSAGE_WORDS for passage in article.passages)
    assert {passage.heading for passage in article.passages} == {"Long"}


def test_a_list_of_steps_is_never_cut():
    prose = " ".join(f"Sentence {number} says a few words more." for number in range(15))
    listed = "\n".join(f"{number}. Step {number} " + "word " * 20 + "end." for number in range(1, 13))
    article = read(f"## Do it\n\n{prose}\n\n{listed}\n")
    holding = [passage for passage in article.passages if any(unit.step for unit in passage.units)]
    assert len(holding) == 1
    assert [unit.step for unit in holding[0].units if unit.step] == list(range(1, 13))


def test_a_list_of_steps_with_long_nested_bullets_is_never_cut():
    listed = "\n".join(f"{number}. Step {number}.\n   - {'word ' * 45}end." for number in range(1, 8))
    article = read(f"## Do it\n\n{listed}\n")
    holding = [passage for passage in article.passages if any(unit.step for unit in passage.units)]
    assert len(holding) == 1
    assert [unit.step for unit in holding[0].units if unit.step] == list(range(1, 8))


def test_text_after_a_long_list_of_steps_starts_a_passage_of_its_own():
    listed = "\n".join(f"{number}. Step {'word ' * 30}end." for number in range(1, 7))
    article = read(f"{listed}\n\nAfterwards all is well.\n")
    assert article.passages[-1].text == "Afterwards all is well."


def test_related_links_are_left_out():
    article = read("Text.\n\nRelated: [Other](other), [More](more)\n\nRelated articles: [X](x)\n\nUnrelated: stays.")
    assert texts(article) == ["Text.", "Unrelated: stays."]


def test_asked_as_stands_with_the_passage_of_its_heading():
    article = read(
        '---\nasked_as:\n  "": ["what is it"]\n  "The **Bold** way": ["never"]\n'
        '  "SECOND part": ["how two", "why two"]\n  "Not there": ["x"]\n'
        "---\n"
        "Intro.\n\n## First\n\nOne.\n\n## Second part\n\nTwo.\n",
    )
    assert [passage.asked for passage in article.passages] == [("what is it",), (), ("how two", "why two")]
    assert "how two" not in article.passages[2].text


def test_a_question_goes_to_the_passage_of_the_sentence_that_answers_it():
    long = " ".join(f"Word {number} is here." for number in range(60))
    article = read(
        '---\nasked_as:\n  "Odds":\n    "First  of ALL": ["who", "both"]\n    "Last of all": ["what", "both"]\n    "": ["all of it"]\n'
        f'    "Gone": ["lost"]\n---\n## Odds\nFirst of all, that. {long} Last of all, this.',
    )
    first, last = article.passages
    assert first.asked == ("who", "both", "all of it", "lost")
    assert first.answered_by == ((0,), (0,), (), ())
    assert dict(zip(last.asked, last.answered_by, strict=True)) == {
        "what": (len(last.units) - 1,),
        "both": (len(last.units) - 1,),
        "all of it": (),
        "lost": (),
    }


def test_at_most_three_sentences_answer_one_question():
    lines = "".join(f'    "Number {number}": ["why"]\n' for number in range(5))
    text = " ".join(f"Number {number} holds." for number in range(5))
    (passage,) = read(f'---\nasked_as:\n  "":\n{lines}---\n{text}').passages
    assert (passage.asked, passage.answered_by) == (("why",), ((0, 1, 2),))


def test_asked_as_of_another_shape_is_ignored():
    assert read("---\nasked_as: [a, b]\n---\nText.").passages[0].asked == ()
    assert read('---\nasked_as: {"": "one text"}\n---\nText.').passages[0].asked == ()


def test_a_byte_order_mark_is_no_part_of_the_text():
    article = read(b"\xef\xbb\xbf---\ntitle: With a mark\n---\nText.")
    assert article.title == "With a mark"
    assert texts(article) == ["Text."]


def test_windows_line_ends_do_no_harm():
    article = read(b"---\r\ntitle: Windows\r\n---\r\n1. One.\r\n2. Two.\r\n")
    assert article.title == "Windows"
    assert steps(article) == [(1, "One."), (2, "Two.")]


def test_the_digest_changes_with_any_byte_of_the_file():
    assert read("Text.").digest == read("Text.").digest
    assert read("Text.").digest != read("---\nplans: [Free]\n---\nText.").digest


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"caf\xe9 au lait", "not UTF-8"),
        ("Text.".encode("utf-16-le"), "not UTF-8 text but holds zero bytes"),
        (b"\xff\xfeT\x00e\x00x", "not UTF-16"),
        ("---\ntitle: [unclosed\n---\nText.", "not valid YAML"),
        ("---\naudience: admin\n---\nText.", "has an audience 'admin'; write public or internal"),
        ("---\naudience: [internal]\n---\nText.", "write public or internal"),
        ("---\ntitle: one: two\n---\nText.", "not valid YAML"),
        ("---\ntitle: " + "[" * 100_000 + "\n---\nText.", "not valid YAML"),
        ("---\ntitle: Never closed\n\nText.", "never closes"),
        ("---\n- a\n- list\n---\nText.", "no list of `name: value` lines"),
        ("---\ntitle: Nothing below\n---\n", "no text"),
        ("---\ntitle: Only a heading\n---\n# Heading\n", "no text"),
        ("", "no text"),
        (" \n\n", "no text"),
        ("<div>" * 3000 + "x" + "</div>" * 3000, "too deeply"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_in_one_sentence(text, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        read(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def kinds(article):
    return [(unit.kind, unit.step, unit.text) for passage in article.passages for unit in passage.units]


def test_front_matter_stays_as_it_is_typed():
    article = read("---\nid: 00123\ntitle: 1.10\nlanguage: no\nproduct: 7\nupdated: 2026-03-04 10:11:12\ntags: [a, b]\n---\nText.")
    assert (article.article_id, article.title, article.language, article.product) == ("00123", "1.10", "no", "7")
    assert article.updated == "2026-03-04"


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2025-12-31", "2025-12-31"),
        ("2025-1-5", "2025-01-05"),
        ("2025-12-31T23:10:00Z", "2025-12-31"),
        ("2025-12-31 10:00 +02:00", "2025-12-31"),
        ("31 December 2025", "2025-12-31"),
        ("Dec 31, 2025", "2025-12-31"),
        ("31st of December, 2025", "2025-12-31"),
        ("Wed, 31 Dec 2025 10:00:00 GMT", "2025-12-31"),
        ("31/12/2025", "2025-12-31"),
        ("12/31/2025", "2025-12-31"),
        ("31.12.2025", "2025-12-31"),
        ("01/02/2025", ""),
        ("31/12/25", ""),
        ("2026-02-30", ""),
        ("2026-13-45", ""),
        ("December 2025", ""),
        ("2025", ""),
        ("last week", ""),
        ("v2025.1", ""),
        ("9" * 400, ""),
        ("", ""),
    ],
)
def test_a_date_is_a_day_where_it_is_plain_which_else_none_and_the_article_serves(written, day):
    raw = f"---\nupdated: {written}\n---\nText.".encode()
    assert article_from_markdown(raw, "a.md", "1999-09-09").updated == (day or "1999-09-09")
    assert article_from_html("<p>Text.</p>", article_id="a", title="A", digest="d", updated=written).updated == day
    assert article_of("a", "A", written, "d", json.dumps(BODY)).updated == day


@pytest.mark.parametrize(
    ("written", "audience"),
    [("Public", "public"), ("all", "public"), ("Everyone", "public"), ("general", "public"), ("internal", "internal")],
)
def test_an_audience_is_one_of_the_two_that_are_searched(written, audience):
    assert read(f"---\naudience: {written}\n---\nText.").audience == audience


def test_an_article_at_the_top_of_its_folder_has_no_section():
    assert read("Text.").section == ""


def test_utf_16_with_its_mark_and_stray_zero_bytes_are_read():
    assert texts(read("Café.".encode("utf-16"))) == ["Café."]
    assert texts(read(b"Some t\0ext. " + b"More words follow here. " * 20))[0] == "Some text."


def test_an_articles_html_is_read_and_its_facts_are_given():
    article = article_from_html(
        "<h2>How</h2><p>Open <b>it</b>.</p><ol><li>Go.</li></ol>",
        article_id="z1",
        title=" The  title",
        digest="d",
        section="Billing",
        plans=("Free",),
        product="Tally",
        language="fr",
        updated="2026-01-02",
    )
    assert kinds(article) == [("sentence", None, "Open it."), ("step", 1, "Go.")]
    assert (article.article_id, article.title, article.digest, article.section) == ("z1", "The title", "d", "Billing")
    assert (article.audience, article.plans, article.product, article.language) == ("public", ("Free",), "Tally", "fr")
    with pytest.raises(ValueError, match="no text in its body"):
        article_from_html("<p> </p><img src=x>", article_id="z2", title="T", digest="d")


def test_abbreviations_of_the_articles_language_end_no_sentence():
    text = "Das gilt z. B. für Nr. 3 und Nr. 4. Danach nicht."
    assert texts(read(f"---\nlanguage: de\n---\n{text}")) == ["Das gilt z. B. für Nr. 3 und Nr. 4.", "Danach nicht."]


def test_sentences_of_scripts_without_spaces_are_cut_and_counted():
    article = read("---\nlanguage: zh\n---\n" + "请打开设置页面，然后点击保存。" * 60)
    assert set(texts(article)) == {"请打开设置页面，然后点击保存。"}
    assert len(article.passages) > 1
    assert all(words(passage.text) <= 1.1 * PASSAGE_WORDS for passage in article.passages)


@pytest.mark.parametrize(
    "text",
    [
        "word " * 1000,
        "one, two; three " * 300,
        "1. " + "step " * 700,
        "```\n" + "a line of code\n" * 200 + "```",
        "| A | B | C |\n|---|---|---|\n| name | " + "b " * 400 + " | " + "c " * 200 + " |",
        "请打开设置页面然后点击保存" * 200,
        "x" * 30000,
    ],
)
def test_no_unit_is_longer_than_about_120_words_and_nothing_is_lost(text):
    units = texts(read(text))
    assert len(units) > 1
    assert all(words(unit) <= UNIT_WORDS and len(unit) <= 2000 for unit in units)
    letters = "".join(filter(str.isalpha, text))
    assert sum(map(len, units)) >= len(letters)


def test_a_long_row_says_its_name_in_every_piece():
    article = read("| A | B | C |\n|---|---|---|\n| name | " + "b " * 200 + " | c |")
    assert all(text.startswith("name: ") for text in texts(article))


def test_only_a_very_long_list_of_steps_is_cut_and_only_before_a_step():
    article = read("\n".join(f"{number}. {'word ' * 28}end." for number in range(1, 61)))
    assert [passage.units[0].step for passage in article.passages] == [1, 29, 57]


def test_steps_count_on_over_code_images_and_callouts_but_not_over_text():
    article = read(
        "1. One\n\n```\ncode\n```\n\n1. Two\n\n![Shot](x.png)\n\n1. Three\n\n> [!NOTE]\n> Careful.\n\n1. Four\n\n"
        "Elsewhere:\n\n1. A\n2. B\n",
    )
    assert steps(article) == [(1, "One"), (2, "Two"), (3, "Three"), (4, "Four"), (1, "A"), (2, "B")]


def test_what_stands_after_a_steps_nested_parts_stays_behind_them():
    article = read("1. Choose one:\n   - Red.\n\n   Then wait.\n\n   > [!TIP]\n   > Hold it.\n2. Save.\n")
    assert kinds(article) == [
        ("step", 1, "Choose one:"),
        ("sentence", None, "Red."),
        ("sentence", None, "Then wait."),
        ("sentence", None, "Tip: Hold it."),
        ("step", 2, "Save."),
    ]


def test_numbered_steps_inside_a_bullet_keep_their_numbers():
    assert steps(read("- Windows:\n  1. Open.\n  2. Close.\n")) == [(1, "Open."), (2, "Close.")]


def test_typed_numbers_are_steps_and_typed_bullets_are_not_shown():
    article = read("<p>1. Open.<br>2. Close.</p><p>• One</p><p>- Two</p><h2>B</h2><p>3. Not a list.</p>")
    assert kinds(article) == [
        ("step", 1, "Open."),
        ("step", 2, "Close."),
        ("sentence", None, "One"),
        ("sentence", None, "Two"),
        ("sentence", None, "3. Not a list."),
    ]


def test_markdown_dialects_leave_no_marks_behind():
    article = read(
        "## Set up {#set-up}\n\nSee [this](x){:target=_blank} and [that](y){.link}. ~~Old~~ :warning: Hot at 10:30:45.\n\n"
        "{% include x.html %}\nOn {{ site.product_name }} hi {{ name | default: 'you' }}, use {{token}} and **bold** and stray** marks.\n\n"
        "- [ ] Do it\n- [x] Did it\n\n:::tip My tip\nRest.\n:::\n\n!!! warning\n    Stop.\n\nTerm\n: Meaning\n",
    )
    assert article.passages[0].heading == "Set up"
    assert texts(article) == [
        "See this and that.",
        "⚠ Hot at 10:30:45.",
        "On product name hi you, use {{token}} and bold and stray marks.",
        "Do it",
        "Did it",
        "My tip: Rest.",
        "Warning: Stop.",
        "Term: Meaning.",
    ]


def test_code_keeps_what_looks_like_marks():
    assert texts(read("Type `{{x}} **a** :tip: <port> {.b}`.")) == ["Type {{x}} **a** :tip: <port> {.b}."]


def test_footnotes_follow_what_refers_to_them():
    article = read("## A\n\nFact one[^1]. More.\n\n1. Step[^n]\n2. Next\n\n## B\n\nEnd.\n\n[^1]: The first.\n[^n]: The second.\n")
    assert kinds(article) == [
        ("sentence", None, "Fact one."),
        ("sentence", None, "More."),
        ("sentence", None, "The first."),
        ("step", 1, "Step"),
        ("sentence", None, "The second."),
        ("step", 2, "Next"),
        ("sentence", None, "End."),
    ]


def test_several_footnotes_may_share_a_mark_and_a_link_to_its_own_paragraph_is_none():
    notes = '<ol><li id="a">The first.</li><li id="b">The second.</li></ol>'
    shared = read(f'<p>Fact one.<sup><a href="#a">1</a>, <a href="#b">2</a></sup> More.</p><p>End.</p>{notes}')
    assert texts(shared) == ["Fact one.", "More.", "The first.", "The second.", "End."]
    assert texts(read('<p id="x">Fact one.<sup><a href="#x">1</a></sup></p><p>End.</p>')) == ["Fact one.", "End."]


def test_images_speak_only_where_a_sentence_needs_them():
    text = "Click ![Gear](g.png) at the top.\n\n![A long picture](p.png)\n\nClick ![Save icon](s.png) **Save**, not ![](e.png)this."
    assert texts(read(text)) == ["Click Gear at the top.", "Click Save, not this."]


def test_placeholders_are_text_and_unknown_elements_are_not():
    article = read("Replace <port> and <your name>, see <https://a.example/b>.\n\n<Tabs>Inside.</Tabs> 10<sup>6</sup> I<sup>2</sup>C")
    assert texts(article) == ["Replace <port> and <your name>, see https://a.example/b.", "Inside.", "10^6 I2C"]


def test_hidden_text_and_characters_are_left_out():
    article = read('Shown\u200b text. <span class="sr-only">Not</span>\n\n<p style="display: none">Tags: x</p>\n\n<del>Gone.</del>')
    assert texts(article) == ["Shown text."]


def test_accordions_and_bold_questions_are_headings():
    article = read("<details><summary>Is it <b>free</b>?</summary><p>Yes.</p></details>\n\n**And later?**\n\nNo.")
    assert [(passage.heading, passage.text) for passage in article.passages] == [("Is it free?", "Yes."), ("And later?", "No.")]


def test_a_list_of_links_into_the_page_is_no_text_unless_it_answers_something():
    links = "- [One](#one)\n- [Two](#two)\n"
    assert texts(read(f"Start.\n\nIn this article:\n\n{links}\nEnd.")) == ["Start.", "End."]
    assert texts(read(f"These are the signs of a broken cable:\n\n{links}"))[1:] == ["One", "Two"]


def test_merged_cells_are_said_in_every_row_they_reach():
    article = read(
        "<table><thead><tr><th rowspan=2>Plan<th colspan=2>Price<tr><th>Month<th>Year</thead>"
        "<tr><td rowspan=2>Team<td>9<td>90<tr><td colspan=2>free for schools<tr><td>Solo<td>5<td>50</table>",
    )
    assert texts(article) == [
        "Team: Price Month: 9; Price Year: 90.",
        "Team: Price Month: free for schools.",
        "Solo: Price Month: 5; Price Year: 50.",
    ]


def test_tables_without_a_head_lose_no_row():
    rows = "<table><tr><td>Mon<td>9-17<tr><td>Sun<td>closed</table>"
    assert texts(read(rows)) == ["Mon: 9-17.", "Sun: closed."]
    named = "<table><tr><td>Day<td>Opens<td>Closes<tr><td>Mon<td>9<td>17</table>"
    assert texts(read(named)) == ["Mon: Opens: 9; Closes: 17."]
    figures = "<table><tr><td>Riders<td>Discount<tr><td>1–3<td>5%<tr><td>4+<td>10%</table>"
    assert texts(read(figures)) == ["Discount: Riders 1–3: 5%.", "Discount: Riders 4+: 10%."]
    words = "<table><tr><td>Color<td>red<tr><td>Weight<td>5 kg<tr><td>Length<td>9 cm</table>"
    assert texts(read(words)) == ["Color: red.", "Weight: 5 kg.", "Length: 9 cm."]
    empty = "| | |\n|---|---|\n| Mon | 9-17 |\n"
    assert texts(read(empty)) == ["Mon: 9-17."]


def test_an_item_is_said_with_what_leads_to_it_where_that_turns_it_round():
    heading = "<h2>What you may not bring</h2><ul><li>More than 4 bottles of wine<li>Knives are taken away.</ul>"
    assert texts(read(heading)) == ["What you may not bring: More than 4 bottles of wine", "Knives are taken away."]
    sentence = "<p>You get no refund if:</p><ul><li>the fare is Saver<li>you missed the train</ul><p>Write to us.</p>"
    assert texts(read(sentence))[1:] == [
        "You get no refund if: the fare is Saver",
        "You get no refund if: you missed the train",
        "Write to us.",
    ]
    plain = "<h2>What you may bring</h2><ul><li>Two suitcases</ul><p>It can't be changed.</p><ul><li>Skis</ul>"
    assert texts(read(plain)) == ["Two suitcases", "It can't be changed.", "Skis"]
    asked = "<h2>Why can't I sign in?</h2><ul><li>Caps lock is on</ul>"
    assert texts(read(asked)) == ["Caps lock is on"]


def test_a_first_row_that_alone_is_bold_names_the_columns():
    fares = (
        "<table><tr><td><p><b>Fare</b></p><td><p><b>Until 7 days before</b></p><td><p><b>Later</b></p>"
        "<tr><td><p>Flex</p><td><p>all</p><td><p>90%</p></table>"
    )
    assert texts(read(fares)) == ["Flex: Until 7 days before: all; Later: 90%."]
    tiers = "<table><tr><td><td><strong>Pass 25</strong><td><strong>Pass 50</strong><tr><td>Price<td>49<td>199</table>"
    assert texts(read(tiers)) == ["Price: Pass 25: 49; Pass 50: 199."]
    everywhere = "<table><tr><td><b>Mon</b><td><b>9-17</b><tr><td><b>Sun</b><td><b>closed</b></table>"
    assert texts(read(everywhere)) == ["Mon: 9-17.", "Sun: closed."]
    titled = "<table><tr><td colspan=3><b>Fares</b><tr><td>Flex<td>all<td>90%</table>"
    assert texts(read(titled)) == ["Fares.", "Flex: all; 90%."]


def test_steps_in_a_tables_cells_stay_steps_under_their_rows_name():
    article = read(
        "<table><tr><td>Windows<td><ol><li>Start.<li>Stop.</ol><tr><td>Linux<td><p>As root:</p><ol><li>Run.</ol></table>",
    )
    assert kinds(article) == [
        ("sentence", None, "Windows:"),
        ("step", 1, "Start."),
        ("step", 2, "Stop."),
        ("sentence", None, "Linux:"),
        ("sentence", None, "As root:"),
        ("step", 1, "Run."),
    ]


def test_lists_in_cells_and_line_breaks_do_not_run_together():
    article = read(
        "<p>Office<br>Main Street 1<br>open every<br>day</p><table><tr><th>A<th>B<tr><td>x<td><ul><li>One<li>Two</ul></table>",
    )
    assert texts(article) == ["Office", "Main Street 1 open every day", "x: One, Two."]


def test_reading_takes_time_in_proportion_to_the_length():
    part = "## Head\n\nA **sentence** with [a link](x).\n\n1. One\n2. Two\n\n"

    def calls(times):
        """Function calls that reading makes: as the time, but the same on a busy machine."""
        with cProfile.Profile() as profile:
            read(part * times)
        return pstats.Stats(profile).total_calls

    assert calls(800) < 5 * calls(200)
