"""Intercom: a real server that speaks its API, read whole each time, right although articles move between its pages."""

import json
import random
import time

import pytest

from knowledge_base import intercom
from knowledge_base.errors import UserError
from knowledge_base.intercom import list_intercom
from knowledge_base.sources import IntercomSource
from tests.knowledge_base.help_center_servers import TOKEN, Intercom, serving


@pytest.fixture(autouse=True)
def token(monkeypatch):
    monkeypatch.setenv("INTERCOM_TOKEN", TOKEN)


@pytest.fixture
def center():
    with serving(Intercom()) as help_center:
        for number in range(1, 13):
            help_center.add(number)
        yield help_center


def listed(center, waits=None, **settings):
    source = IntercomSource(**{"url": center.url, **settings})
    return list_intercom(source, "", set(), sleep=(waits if waits is not None else []).append)


def digests(listing):
    return {item.path: item.digest for item in listing.documents}


def articles(listing):
    return {item.path: item.read() for item in listing.documents}


def test_every_page_is_read_with_the_version_and_the_token_in_the_header(center):
    for number in range(13, 251):
        center.add(number)
    listing = listed(center)
    assert digests(listing).keys() == {f"articles/{number}" for number in range(1, 251)}
    assert (listing.partial, listing.cursor, listing.left_out) == (False, "", ())
    assert [(path, query["page"]) for path, query, _ in center.requests] == [
        ("/help_center/collections", "1"),
        *[("/articles", str(number)) for number in (1, 2, 3)],
    ]
    for _, _, headers in center.requests:
        assert headers["Intercom-Version"] == "2.14"
        assert headers["Authorization"] == f"Bearer {TOKEN}"


def test_an_article_has_its_text_title_collection_date_tags_and_language(center):
    tags = {"type": "tag.list", "tags": [{"type": "tag", "name": "plan:Pro"}, {"type": "tag", "name": "product:Rooms"}]}
    center.edit(3, title="Pay late", body="<p>Open Billing.</p><ul><li>Press Pay.</li></ul>", tags=tags)
    article = articles(listed(center))["articles/3"]
    assert (article.article_id, article.title, article.section, article.audience) == ("3", "Pay late", "Billing", "public")
    assert (article.plans, article.product, article.language, article.updated) == (("Pro",), "Rooms", "en", "2025-03-02")
    assert [unit.text for passage in article.passages for unit in passage.units] == ["Open Billing.", "Press Pay."]


def test_drafts_are_left_out_and_articles_outside_of_collections_are_not(center):
    center.edit(5, state="draft")
    center.edit(6, parent_id=None, parent_type=None)
    listing = listed(center)
    assert "articles/5" not in digests(listing)
    assert articles(listing)["articles/6"].section == ""


def test_only_what_changed_has_another_digest_and_what_vanished_is_gone(center):
    before = digests(listed(center))
    center.edit(12, statistics={"views": 7}, seconds=0)
    center.edit(4, body="<p>Another text.</p>")
    center.delete(6)
    center.edit(7, state="draft")
    center.add(13)
    after = digests(listed(center))
    assert before.keys() - after.keys() == {"articles/6", "articles/7"}
    assert {path for path in after if after[path] != before.get(path)} == {"articles/4", "articles/13"}


def test_a_renamed_collection_reaches_its_articles(center):
    before = digests(listed(center))
    center.sections[7]["name"] = "Payments"
    listing = listed(center)
    assert articles(listing)["articles/4"].section == "Payments"
    assert all(digest != before[path] for path, digest in digests(listing).items())


def test_each_locale_has_its_own_text_state_and_id(center):
    german = {
        "type": "article_content",
        "title": "Zahlen",
        "body": "<p>Rechnung zahlen.</p>",
        "state": "published",
        "updated_at": 1735700000,
    }
    center.edit(3, translated_content={"type": "article_translated_content", "de": german})
    center.edit(4, translated_content={"de": german | {"state": "draft"}})
    center.edit(5, state="draft", translated_content={"de": german})
    center.sections[7]["translated_content"] = {"de": {"name": "Abrechnung"}}
    center.sections[7]["default_locale"] = "en"
    found = articles(listed(center, locale="de"))
    assert [article.article_id for article in found.values()] == ["5-de", "3-de"]
    article = found["articles/3"]
    assert (article.title, article.section, article.language, article.updated) == ("Zahlen", "Abrechnung", "de", "2025-01-01")
    english = articles(listed(center))
    assert english["articles/3"].article_id == "3"
    assert english["articles/3"].title == "Article 3"
    assert english["articles/3"].section == "Billing"
    assert english.keys() == {f"articles/{number}" for number in range(1, 13)} - {"articles/5"}


@pytest.mark.parametrize("change", ["delete", "edit"])
def test_an_article_that_slips_between_two_pages_is_not_lost(center, monkeypatch, change):
    monkeypatch.setattr(intercom, "PAGE", 4)
    center.between = {3: lambda: center.delete(11) if change == "delete" else center.edit(2, body="<p>Moves to the front.</p>")}
    gone = {"articles/11"} if change == "delete" else set()
    assert digests(listed(center)).keys() == {f"articles/{number}" for number in range(1, 13)} - gone


def test_no_article_is_lost_or_kept_although_they_move_between_pages(monkeypatch):
    monkeypatch.setattr(intercom, "PAGE", 10)
    chance = random.Random(3)
    with serving(Intercom()) as center:
        for number in range(1, 46):
            center.add(number)

        def disturb():
            what, alive = chance.choice(["edit", "edit", "add", "delete"]), list(center.articles)
            if what == "edit":
                center.edit(chance.choice(alive), body=f"<p>{chance.random()}</p>")
            elif what == "add":
                center.add(1000 + chance.randrange(10**9))
            else:
                center.delete(chance.choice(alive))

        for _ in range(20):
            before = {f"articles/{number}" for number in center.articles}
            center.between = {number: disturb for number in range(2, 7) if chance.random() < 0.3}
            try:
                found = digests(listed(center)).keys()
            except UserError as error:
                assert "changed too much" in str(error)
            else:
                now = {f"articles/{number}" for number in center.articles}
                assert before & now <= found <= before | now
            center.quiet()
            assert digests(listed(center)).keys() == {f"articles/{number}" for number in center.articles}


def test_a_total_that_is_never_right_is_believed_once_two_listings_agree(center):
    center.extra_count = 3
    assert len(listed(center).documents) == 12
    assert len(center.requests) == 4


def test_a_rate_limit_is_waited_out_until_the_server_resets_it(center):
    reset = {"X-RateLimit-Limit": "167", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 9)}
    center.faults = {2: ("status", 429, reset, b""), 3: ("status", 429, {"X-RateLimit-Reset": "1"}, b"")}
    waits = []
    assert len(listed(center, waits).documents) == 12
    assert 7 <= waits[0] <= 9
    assert waits[1:] == [0.0]


def test_a_failure_in_the_middle_fails_the_whole_listing(center):
    for number in range(13, 251):
        center.add(number)
    center.faults = dict.fromkeys(range(3, 30), ("reset",))
    waits = []
    with pytest.raises(UserError, match=r"cannot be reached \(Re\w+\) \(6 tries\).*nothing was changed\.$"):
        listed(center, waits)
    assert len(waits) == 5


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (("status", 401, {}, b'{"type": "error.list"}'), "INTERCOM_TOKEN"),
        (("status", 200, {"Content-Type": "text/html"}, b"<html>"), "text/html instead of JSON"),
        (("status", 200, {}, b'{"type": "error.list"}'), "without the list of data"),
        (("status", 200, {}, b'{"data": []}'), "without the `pages`"),
        (("status", 200, {}, b'{"data": [], "pages": {"total_pages": 9}}'), "no end"),
    ],
)
def test_a_permanent_failure_ends_at_once_in_a_sentence(center, fault, words):
    center.faults = {"all": fault}
    waits = []
    with pytest.raises(UserError) as caught:
        listed(center, waits)
    assert words in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert waits == []
    assert len(center.requests) == 1


def test_without_a_token_nothing_is_asked(center, monkeypatch):
    monkeypatch.delenv("INTERCOM_TOKEN")
    with pytest.raises(
        UserError, match=r"^The environment variable INTERCOM_TOKEN holds no token: set it to an API token of the help center\.$"
    ):
        listed(center)
    assert center.requests == []


def test_broken_items_are_left_out_with_a_reason_and_the_others_go_on(center):
    center.edit(2, body=None)
    center.edit(3, id=None)
    center.articles[4] = {"id": "4", "updated_at": 5}
    listing = listed(center)
    assert digests(listing).keys() == {f"articles/{number}" for number in (1, *range(5, 13))}
    assert sorted(reason.split(";")[0] for _, reason in listing.left_out) == ["has no id", "has no text", "has no title"]


def test_an_export_is_read_in_pages_with_its_collections_and_internal_articles(tmp_path):
    page = {
        "type": "list",
        "data": [
            {
                "id": "1",
                "type": "article",
                "title": "One",
                "body": "<p>Text.</p>",
                "state": "published",
                "parent_id": 7,
                "updated_at": 1735700000,
            },
            {"id": "2", "type": "internal_article", "title": "Two", "body": "<p>Only for us.</p>"},
            {"id": "3", "type": "article", "title": "Three", "body": "<p>Draft.</p>", "state": "draft"},
            {"id": "7", "type": "collection", "name": "Billing"},
            "damaged",
        ],
    }
    path = tmp_path / "export.jsonl"
    path.write_text(json.dumps(page) + "\n" + json.dumps({"data": []}))
    listing = list_intercom(IntercomSource(export=path), "", set())
    found = articles(listing)
    assert {key: (article.section, article.audience) for key, article in found.items()} == {
        "articles/1": ("Billing", "public"),
        "articles/2": ("", "internal"),
    }
    assert [path for path, _ in listing.left_out] == ["articles/?4"]


def test_a_line_break_closed_like_xml_is_none_of_an_articles_words(tmp_path):
    path = tmp_path / "export.json"
    path.write_text(json.dumps({"data": [{"id": "1", "title": "One", "body": "<p>Line one<br/>Line two</p><hr/><p>End.</p>"}]}))
    (passage,) = articles(list_intercom(IntercomSource(export=path), "", set()))["articles/1"].passages
    assert passage.text == "Line one\nLine two\nEnd."


def test_an_export_of_an_article_a_line_is_read_and_one_with_another_line_refused(tmp_path):
    lines = [
        {"type": "collection", "id": "7", "name": "Billing"},
        {"type": "article", "id": "1", "title": "One", "body": "<p>Text.</p>", "state": "published", "parent_id": 7},
        {"type": "internal_article", "id": "2", "title": "Two", "body": "<p>Only for us.</p>"},
    ]
    path = tmp_path / "export.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    found = articles(list_intercom(IntercomSource(export=path), "", set()))
    assert {key: (article.title, article.section) for key, article in found.items()} == {
        "articles/1": ("One", "Billing"),
        "articles/2": ("Two", ""),
    }
    path.write_text(json.dumps(lines[1]))
    assert list(articles(list_intercom(IntercomSource(export=path), "", set()))) == ["articles/1"]
    path.write_text("\n".join(map(json.dumps, [*lines, {"error": "rate limit"}])))
    with pytest.raises(UserError, match="not of the API's shape"):
        list_intercom(IntercomSource(export=path), "", set())


def test_an_export_in_another_locale_or_of_another_shape_says_so(tmp_path):
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{"id": "1", "title": "Eins", "body": "<p>Text.</p>", "default_locale": "de"}]))
    with pytest.raises(UserError, match="no article in the locale en: set `locale`"):
        list_intercom(IntercomSource(export=path), "", set())
    path.write_text('{"articles": []}')
    with pytest.raises(UserError, match="not of the API's shape"):
        list_intercom(IntercomSource(export=path), "", set())
