"""Articles: front matter, and passages that keep sentence and step boundaries."""

import pytest

from knowledge_base.articles import PASSAGE_WORDS, read_article


def read(tmp_path, text, name="an-article.md"):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_article(path, tmp_path)


def texts(article):
    return [unit.text for passage in article.passages for unit in passage.units]


def steps(article):
    return [(unit.step, unit.text) for passage in article.passages for unit in passage.units if unit.step]


def test_front_matter_is_read(tmp_path):
    article = read(
        tmp_path,
        "---\nid: refunds\ntitle: Get a refund\nsection: Billing\nupdated: 2026-03-04\naudience: Internal\nplans: [Free, Team]\n---\nText.",
    )
    assert (article.article_id, article.title, article.section) == ("refunds", "Get a refund", "Billing")
    assert (article.updated, article.audience, article.plans) == ("2026-03-04", "internal", ("Free", "Team"))


def test_without_an_id_the_relative_path_is_the_id(tmp_path):
    article = read(tmp_path, "Text.", "billing-plans/refund.md")
    assert article.article_id == "billing-plans/refund.md"
    assert article.section == "billing plans"
    assert article.audience == "public"
    assert len(article.updated) == 10


def test_without_a_title_the_first_heading_and_then_the_file_name_is_the_title(tmp_path):
    assert read(tmp_path, "# Pay *late*, please\n\nText.").title == "Pay late, please"
    assert read(tmp_path, "Text.", "pay-an-invoice.md").title == "pay an invoice"


def test_a_single_plan_is_one_plan_and_odd_plans_do_no_harm(tmp_path):
    assert read(tmp_path, "---\nplans: Free\n---\nText.").plans == ("Free",)
    assert read(tmp_path, "---\nplans: 3\n---\nText.").plans == ("3",)
    assert read(tmp_path, "---\nplans:\n---\nText.").plans == ()


def test_an_empty_front_matter_is_no_error(tmp_path):
    assert texts(read(tmp_path, "---\n---\nBody text.")) == ["Body text."]


def test_sentences_keep_their_boundaries(tmp_path):
    article = read(tmp_path, "Prices start at 3.50 USD, e.g. for Team. Nobody pays\nmore. Is that so? Yes!")
    assert texts(article) == ["Prices start at 3.50 USD, e.g. for Team.", "Nobody pays more.", "Is that so?", "Yes!"]


def test_ordered_lists_become_numbered_steps_each_one_whole(tmp_path):
    article = read(tmp_path, "## How\n\n1. Open **Settings**. Wait a moment.\n2. Click `Save`, then close.\n3. Done.\n")
    assert steps(article) == [(1, "Open Settings. Wait a moment."), (2, "Click Save, then close."), (3, "Done.")]
    assert {unit.kind for unit in article.passages[0].units} == {"step"}
    assert article.passages[0].text == "1. Open Settings. Wait a moment.\n2. Click Save, then close.\n3. Done."


def test_steps_count_on_from_the_number_that_a_list_starts_with(tmp_path):
    assert steps(read(tmp_path, "4. Fourth.\n5. Fifth.\n")) == [(4, "Fourth."), (5, "Fifth.")]


def test_loose_steps_keep_their_paragraphs_together(tmp_path):
    article = read(tmp_path, "1. Open it.\n\n   It takes a minute.\n\n2. Close it.\n")
    assert steps(article) == [(1, "Open it. It takes a minute."), (2, "Close it.")]


def test_tables_are_worded_as_one_sentence_for_each_row(tmp_path):
    article = read(tmp_path, "| Plan | Price | Seats |\n|---|---|---|\n| Free | **0 USD**, always | 3 |\n| Team | 9 USD | |\n")
    assert texts(article) == ["Free: Price: 0 USD, always; Seats: 3.", "Team: Price: 9 USD."]
    assert {unit.kind for unit in article.passages[0].units} == {"row"}


def test_a_table_of_two_columns_is_worded_without_its_head(tmp_path):
    assert texts(read(tmp_path, "| Code | Meaning |\n|---|---|\n| `429` | Too many requests. |\n")) == ["429: Too many requests."]


def test_raw_html_is_read_like_markdown(tmp_path):
    article = read(
        tmp_path,
        "Intro.\n\n<h2>Way out</h2>\n<ol><li><p>Open it.</p><p>Wait.</p></li><li>Shut it.</li></ol>\n"
        "<table><tr><th>A</th><th>B</th></tr><tr><td>x</td><td>one</td></tr></table>\n",
    )
    assert [passage.heading for passage in article.passages] == ["", "Way out"]
    assert steps(article) == [(1, "Open it. Wait."), (2, "Shut it.")]
    assert "x: one." in texts(article)


def test_inline_html_does_not_tear_a_sentence_apart(tmp_path):
    article = read(tmp_path, "<div>Go to <b>Settings</b> and click <a href='x'>Save</a>.<br>Then wait.</div>")
    assert texts(article) == ["Go to Settings and click Save.", "Then wait."]


def test_scripts_styles_and_comments_are_not_text(tmp_path):
    article = read(tmp_path, "Text.\n\n<script>alert('x')</script>\n<style>p {}</style>\n<!-- to do -->\n\nMore.")
    assert texts(article) == ["Text.", "More."]


def test_nested_bullets_become_sentences_after_their_step(tmp_path):
    article = read(tmp_path, "1. Choose one:\n   - The red one.\n   - The blue one.\n2. Save.\n")
    assert texts(article) == ["Choose one:", "The red one.", "The blue one.", "Save."]
    assert steps(article) == [(1, "Choose one:"), (2, "Save.")]


def test_a_nested_ordered_list_does_not_break_the_count_of_the_outer_one(tmp_path):
    article = read(tmp_path, "1. Outer one.\n   1. Inner a.\n   2. Inner b.\n2. Outer two.\n")
    assert steps(article) == [(1, "Outer one."), (2, "Outer two.")]
    assert texts(article) == ["Outer one.", "Inner a.", "Inner b.", "Outer two."]


def test_code_is_one_unit_of_its_own(tmp_path):
    article = read(tmp_path, "Run this:\n\n```sh\ncurl -X POST. Then\nls\n```\n")
    code = article.passages[0].units[-1]
    assert (code.kind, code.text) == ("code", "curl -X POST. Then ls")


def test_headings_cut_passages(tmp_path):
    article = read(tmp_path, "Intro.\n\n## One\n\nFirst.\n\n### Two\n\nSecond.\n")
    assert [(passage.heading, passage.text) for passage in article.passages] == [
        ("", "Intro."),
        ("One", "First."),
        ("Two", "Second."),
    ]


def test_long_sections_are_cut_between_sentences(tmp_path):
    sentences = [f"Sentence {number} has exactly these ten words in it now." for number in range(40)]
    article = read(tmp_path, "## Long\n\n" + " ".join(sentences))
    assert texts(article) == sentences
    assert len(article.passages) == 3
    assert all(len(passage.text.split()) <= PASSAGE_WORDS for passage in article.passages)
    assert {passage.heading for passage in article.passages} == {"Long"}


def test_a_list_of_steps_is_never_cut(tmp_path):
    prose = " ".join(f"Sentence {number} says a few words more." for number in range(15))
    listed = "\n".join(f"{number}. Step {number} " + "word " * 20 + "end." for number in range(1, 13))
    article = read(tmp_path, f"## Do it\n\n{prose}\n\n{listed}\n")
    holding = [passage for passage in article.passages if any(unit.step for unit in passage.units)]
    assert len(holding) == 1
    assert [unit.step for unit in holding[0].units if unit.step] == list(range(1, 13))


def test_a_list_of_steps_with_long_nested_bullets_is_never_cut(tmp_path):
    listed = "\n".join(f"{number}. Step {number}.\n   - {'word ' * 45}end." for number in range(1, 8))
    article = read(tmp_path, f"## Do it\n\n{listed}\n")
    holding = [passage for passage in article.passages if any(unit.step for unit in passage.units)]
    assert len(holding) == 1
    assert [unit.step for unit in holding[0].units if unit.step] == list(range(1, 8))


def test_text_after_a_long_list_of_steps_starts_a_passage_of_its_own(tmp_path):
    listed = "\n".join(f"{number}. Step {'word ' * 30}end." for number in range(1, 7))
    article = read(tmp_path, f"{listed}\n\nAfterwards all is well.\n")
    assert article.passages[-1].text == "Afterwards all is well."


def test_related_links_are_left_out(tmp_path):
    article = read(tmp_path, "Text.\n\nRelated: [Other](other), [More](more)\n\nRelated articles: [X](x)\n\nUnrelated: stays.")
    assert texts(article) == ["Text.", "Unrelated: stays."]


def test_asked_as_stands_with_the_passage_of_its_heading(tmp_path):
    article = read(
        tmp_path,
        '---\nasked_as:\n  "": ["what is it"]\n  "The **Bold** way": ["never"]\n'
        '  "SECOND part": ["how two", "why two"]\n  "Not there": ["x"]\n'
        "---\n"
        "Intro.\n\n## First\n\nOne.\n\n## Second part\n\nTwo.\n",
    )
    assert [passage.asked for passage in article.passages] == [("what is it",), (), ("how two", "why two")]
    assert "how two" not in article.passages[2].text


def test_asked_as_of_another_shape_is_ignored(tmp_path):
    assert read(tmp_path, "---\nasked_as: [a, b]\n---\nText.").passages[0].asked == ()
    assert read(tmp_path, '---\nasked_as: {"": "one text"}\n---\nText.').passages[0].asked == ()


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    article = read(tmp_path, b"\xef\xbb\xbf---\ntitle: With a mark\n---\nText.")
    assert article.title == "With a mark"
    assert texts(article) == ["Text."]


def test_windows_line_ends_do_no_harm(tmp_path):
    article = read(tmp_path, b"---\r\ntitle: Windows\r\n---\r\n1. One.\r\n2. Two.\r\n")
    assert article.title == "Windows"
    assert steps(article) == [(1, "One."), (2, "Two.")]


def test_the_digest_changes_with_any_byte_of_the_file(tmp_path):
    assert read(tmp_path, "Text.").digest == read(tmp_path, "Text.").digest
    assert read(tmp_path, "Text.").digest != read(tmp_path, "---\nplans: [Free]\n---\nText.").digest


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"caf\xe9 au lait", "not UTF-8"),
        ("Text.".encode("utf-16"), "not UTF-8"),
        ("---\ntitle: [unclosed\n---\nText.", "not valid YAML"),
        ("---\nupdated: 2026-13-45\n---\nText.", "not valid YAML"),
        ("---\ntitle: Never closed\n\nText.", "never closes"),
        ("---\n- a\n- list\n---\nText.", "no list of `name: value` lines"),
        ("---\ntitle: Nothing below\n---\n", "no text"),
        ("---\ntitle: Only a heading\n---\n# Heading\n", "no text"),
        ("", "no text"),
        (" \n\n", "no text"),
        ("<div>" * 3000 + "x" + "</div>" * 3000, "too deeply"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_in_one_sentence(tmp_path, text, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200
