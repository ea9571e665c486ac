"""Front matter: whom an article is for is told in many ways, and none of them serves an internal one to customers."""

import pytest

from knowledge_base.articles import article_from_markdown
from knowledge_base.documents import read_document


def read(front, body="Text.", path="pay-late.md"):
    return article_from_markdown(f"{front}\n{body}".encode(), path)


def yaml(*lines):
    return "\n".join(["---", *lines, "---"])


def toml(*lines):
    return "\n".join(["+++", *lines, "+++"])


@pytest.mark.parametrize(
    "line",
    [
        "Audience: internal",
        "AUDIENCE: Internal",
        "draft: true",
        "Draft: Yes",
        "draft: 1",
        "draft: perhaps",
        "published: false",
        "Published: no",
        "published: 0",
        "published: not yet",
        "unpublished: true",
        "private: true",
        "internal: true",
        "hidden: true",
        "status: draft",
        "Status: In Review",
        "status: in-progress",
        "state: draft",
        "state: archived",
        "visibility: private",
        "visibility: internal",
        "visibility: Hidden",
    ],
)
def test_what_is_internal_or_not_published_is_not_for_customers(line):
    assert read(yaml("title: A", line)).audience == "internal"
    assert read(yaml("audience: public", line.replace("AUDIENCE", "status").replace("Audience", "status"))).audience == "internal"
    assert read_document(f"{yaml(line)}\n<p>Text.</p>".encode(), "a.html").audience == "internal"
    assert read_document(f"{yaml(line)}\nText.".encode(), "a.txt").audience == "internal"


@pytest.mark.parametrize(
    "line",
    [
        "draft: false",
        "draft:",
        "Draft: No",
        "published: true",
        "published: 2026-03-04",
        "published:",
        "status: published",
        "status: Live",
        "state: active",
        "state:",
        "visibility: public",
        "visibility: everyone",
        "hidden: false",
        "Audience: All",
    ],
)
def test_what_is_published_is(line):
    assert read(yaml("title: A", line)).audience == "public"


@pytest.mark.parametrize("line", ["status: new", "state: 7", "visibility: members", "status: [draft]"])
def test_where_it_cannot_be_told_the_article_is_left_out_with_a_sentence(line):
    with pytest.raises(ValueError, match="does not tell whether customers may read it; write published or draft"):
        read(yaml(line))


def test_names_are_read_in_capitals_too_and_must_not_say_two_things():
    article = read(yaml("Title: Pay late", "ID: late", "Section: Billing", "Updated: 2026-03-04", "LANGUAGE: de_AT"))
    assert (article.title, article.article_id, article.section) == ("Pay late", "late", "Billing")
    assert (article.updated, article.language) == ("2026-03-04", "de-AT")
    with pytest.raises(ValueError, match="says two things of `audience` in its front matter; keep one"):
        read(yaml("Audience: internal", "audience: public"))


def test_toml_is_read_like_yaml():
    article = read(
        toml(
            'title = "Pay late"', "draft = false", "updated = 2026-03-04T10:11:12Z", 'plans = ["Free", "Team"]', "[asked_as]",
            '"" = ["may I pay later"]',
        )
    )  # fmt: skip
    assert (article.title, article.updated, article.plans, article.audience) == ("Pay late", "2026-03-04", ("Free", "Team"), "public")
    assert [(passage.text, passage.asked) for passage in article.passages] == [("Text.", ("may I pay later",))]
    assert read(toml("draft = true")).audience == "internal"
    assert read(toml('Audience = "internal"')).audience == "internal"
    assert read(toml("published = false")).audience == "internal"
    assert read_document(f"{toml('draft = true')}\nText.".encode(), "a.txt").audience == "internal"


@pytest.mark.parametrize(
    ("front", "reason"),
    [
        (toml("title = Pay late"), r"is not valid TOML \(.*line 1.*\); mend the block between the \+\+\+ lines"),
        (toml("a = " + "[" * 100_000), "is not valid TOML"),
        ("+++\ntitle = 'A'\n", r"opens its front matter with \+\+\+ but never closes it; add the closing \+\+\+ line"),
        (yaml("id: a", "title: Plans: Basic"), "not valid YAML in line 3 .*; put the value of `title` in quotes"),
        ("\n\n" + yaml("id: a", "title: Plans: Basic"), "in line 5 "),
        (yaml("id: a", "title: [unclosed", "section: b"), r"not valid YAML in line \d .*; mend the block between the --- lines"),
    ],
)
def test_front_matter_that_cannot_be_read_says_where_and_what_to_do(front, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        read(front)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


def test_plans_and_products_are_one_or_several_under_either_name():
    assert read(yaml("plans: Basic, Plus")).plans == ("Basic", "Plus")
    assert read(yaml("plan: Gold")).plans == ("Gold",)
    assert read(yaml("Plan: [Gold, ' Silver ']")).plans == ("Gold", "Silver")
    assert read(yaml("plans: [Gold]", "plan: Silver, Gold")).plans == ("Gold", "Silver")
    assert read(yaml("product: [alpha, beta]")).product == "alpha, beta"
    assert read(yaml("products: alpha,beta")).product == "alpha, beta"
    page = b"<html><head><meta name=plans content='Free, Team'><meta name=product content='alpha'></head><p>Text."
    assert (read_document(page, "a.html").plans, read_document(page, "a.html").product) == (("Free", "Team"), "alpha")
    for line in ("plans: {Gold: true}", "product: [[alpha], beta]", "product: {name: alpha}"):
        with pytest.raises(ValueError, match=r"that is neither a name nor a list of names; write `\w+: \[One, Another\]`"):
            read(yaml(line))
