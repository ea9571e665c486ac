"""Zendesk: a real server that speaks its API, listed whole once and then only where something changed."""

import io
import json
import random
import re
import time

import pytest
from rich.console import Console
from typer.testing import CliRunner

from knowledge_base import zendesk
from knowledge_base.catalog import Catalog
from knowledge_base.cli import app
from knowledge_base.erasure import purge_article
from knowledge_base.errors import UserError
from knowledge_base.refresh import preview, refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.sources import ZendeskSource
from knowledge_base.zendesk import list_zendesk
from tests.conftest import write_articles
from tests.knowledge_base.help_center_servers import EMAIL, TOKEN, Zendesk, serving
from tests.proofs.crash import files_with


@pytest.fixture(autouse=True)
def token(monkeypatch):
    monkeypatch.setenv("ZENDESK_TOKEN", TOKEN)


@pytest.fixture
def center():
    with serving(Zendesk()) as help_center:
        for number in range(1, 13):
            help_center.add(number)
        yield help_center


class Reader:
    """Lists again and again, and holds what a catalog would."""

    def __init__(self, center, **settings):
        self.source = ZendeskSource(**{"url": center.url, "email": EMAIL, **settings})
        self.center, self.cursor, self.held, self.documents = center, "", {}, {}

    def list(self):
        self.center.requests.clear()
        listing = list_zendesk(self.source, self.cursor, self.held.keys())
        kept = self.held if listing.partial else {}
        held = {item.path: item.digest for item in listing.documents}
        self.documents |= {item.digest: item for item in listing.documents if item.digest not in self.documents}
        served_on = {path: self.held[path] for path, _ in listing.left_out if path in self.held}
        self.held, self.cursor = {**kept, **served_on, **held}, listing.cursor
        return listing


def paths(listing):
    return sorted(int(item.path.removeprefix("articles/")) for item in listing.documents)


def articles(listing):
    return {item.path: item.read() for item in listing.documents}


def test_the_first_listing_reads_every_page(center):
    for number in range(13, 251):
        center.add(number)
    listing = Reader(center).list()
    assert paths(listing) == list(range(1, 251))
    assert not listing.partial
    assert listing.left_out == ()
    assert len([path for path, query, _ in center.requests if path.endswith("articles.json") and "page[size]" in query]) == 3


def test_an_article_has_its_text_title_section_date_audience_labels_and_language(center):
    center.edit(3, title="Pay late", body="<h2>How</h2><ol><li>Open Billing.</li><li>Press Pay.</li></ol>", section_id=2)
    center.edit(3, user_segment_id=99, label_names=["plan:Pro", "PLAN: Team", "product:Rooms", "other"])
    article = articles(Reader(center).list())["articles/3"]
    assert (article.article_id, article.title, article.section, article.audience) == ("3", "Pay late", "Devices", "internal")
    assert (article.plans, article.product, article.language, article.updated) == (("Pro", "Team"), "Rooms", "en-us", "2025-03-02")
    assert [unit.text for passage in article.passages for unit in passage.units] == ["Open Billing.", "Press Pay."]
    assert articles(Reader(center).list())["articles/4"].audience == "public"


def test_drafts_are_left_out_without_a_word(center):
    center.edit(5, draft=True)
    listing = Reader(center).list()
    assert paths(listing) == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12]
    assert listing.left_out == ()


def test_a_public_help_center_is_read_without_credentials(center, monkeypatch):
    monkeypatch.delenv("ZENDESK_TOKEN")
    center.edit(5, draft=True)
    center.edit(6, user_segment_id=1)
    assert paths(Reader(center, email="").list()) == [1, 2, 3, 4, 7, 8, 9, 10, 11, 12]
    assert not any("Authorization" in headers for _, _, headers in center.requests)


def test_a_locale_that_the_help_center_does_not_have_is_refused_with_those_that_it_has(center):
    center.locales = ["en-us", "de"]
    with pytest.raises(
        UserError, match=r"help center of .* has nothing in the locale xx-yy: set `locale` to one that it has \(de, en-us\)"
    ):
        Reader(center, locale="xx-yy").list()


def test_an_unchanged_help_center_of_a_thousand_articles_costs_three_requests(center):
    for number in range(13, 1001):
        center.add(number, seconds=60)
    reader = Reader(center)
    reader.list()
    whole = len(center.requests)
    listing = reader.list()
    assert listing.partial
    assert len(center.requests) == 3
    assert whole == 14
    assert 0 < len(listing.documents) < 20
    assert len(reader.held) == 1000


def test_only_what_changed_is_listed(center):
    reader = Reader(center)
    reader.list()
    before = dict(reader.held)
    center.edit(4, body="<p>Another text.</p>")
    center.add(13)
    listing = reader.list()
    assert listing.partial
    assert paths(listing) == [4, 12, 13]
    assert {path for path in reader.held if reader.held[path] != before.get(path)} == {"articles/4", "articles/13"}


def test_a_comment_or_a_vote_changes_no_digest(center):
    reader = Reader(center)
    reader.list()
    before = dict(reader.held)
    center.edit(4, vote_sum=9)
    assert 4 in paths(reader.list())
    assert reader.held == before


@pytest.mark.parametrize(
    "field", [{"title": "New"}, {"body": "<p>New.</p>"}, {"section_id": 77}, {"user_segment_id": 5}, {"label_names": ["plan:Pro"]}]
)
def test_each_field_that_an_article_is_made_from_changes_its_digest(center, field):
    reader = Reader(center)
    reader.list()
    before = dict(reader.held)
    center.edit(4, **field)
    assert reader.list().partial
    assert {path for path in before if reader.held[path] != before[path]} == {"articles/4"}


def test_an_edit_of_the_same_second_as_the_last_one_seen_is_noticed(center):
    reader = Reader(center)
    reader.list()
    center.edit(3, seconds=0, body="<p>Once.</p>")
    reader.list()
    center.edit(4, seconds=0, body="<p>In the same second.</p>")
    before = dict(reader.held)
    assert reader.list().partial
    assert reader.held["articles/4"] != before["articles/4"]


def test_an_edit_that_shows_up_minutes_late_is_noticed(center):
    reader = Reader(center)
    reader.list()
    center.edit(3, body="<p>Shows at once.</p>")
    reader.list()
    center.edit(4, seconds=-300, body="<p>Was written before, shows only now.</p>")
    before = dict(reader.held)
    reader.list()
    assert reader.held["articles/4"] != before["articles/4"]


@pytest.mark.parametrize("addition", [False, True])
def test_a_deleted_article_is_noticed_even_where_another_one_came(center, addition):
    reader = Reader(center)
    reader.list()
    center.delete(4)
    if addition:
        center.add(13)
    listing = reader.list()
    assert not listing.partial
    assert "articles/4" not in reader.held
    assert ("articles/13" in reader.held) is addition
    assert reader.list().partial


def test_an_article_turned_to_draft_is_noticed(center):
    reader = Reader(center)
    reader.list()
    center.edit(4, draft=True)
    assert not reader.list().partial
    assert "articles/4" not in reader.held
    assert reader.list().partial
    center.edit(4, draft=False)
    assert reader.list().partial
    assert "articles/4" in reader.held


def test_a_restricted_article_vanishes_for_the_public_and_turns_internal_for_an_agent(center):
    public, agent = Reader(center, email=""), Reader(center)
    public.list()
    agent.list()
    center.edit(4, user_segment_id=1)
    assert not public.list().partial
    assert "articles/4" not in public.held
    listing = agent.list()
    assert listing.partial
    assert articles(listing)["articles/4"].audience == "internal"


def test_an_edit_made_while_a_long_listing_is_read_is_noticed_by_the_next(center, monkeypatch):
    monkeypatch.setattr(zendesk, "PAGE", 4)
    reader = Reader(center)

    def meanwhile():
        center.edit(1, body="<p>Edited after its page was read.</p>")
        center.edit(12, seconds=4000, body="<p>Edited before its page was read.</p>")

    center.between = {5: meanwhile}
    reader.list()
    assert content(reader.documents[reader.held["articles/1"]])[2] == "<p>Text of article 1.</p>"
    center.quiet()
    assert reader.list().partial
    assert content(reader.documents[reader.held["articles/1"]])[2] == "<p>Edited after its page was read.</p>"


def test_a_renamed_section_reaches_its_articles(center):
    reader = Reader(center)
    reader.list()
    center.sections[2]["name"] = "Hardware"
    listing = reader.list()
    assert articles(listing)["articles/3"].section == "Hardware"


def test_twelve_hours_after_the_last_whole_listing_all_is_listed_again(center):
    reader = Reader(center)
    reader.list()
    bookmark = json.loads(reader.cursor)
    center.articles[4]["body"] = "<p>Changed without a trace.</p>"
    assert 4 not in paths(reader.list())
    reader.cursor = json.dumps(bookmark | {"listed_whole": time.time() - 12 * 3600 - 1})
    assert 4 in paths(reader.list())


def test_a_cursor_that_does_not_fit_means_a_whole_listing(center):
    reader = Reader(center)
    reader.list()
    good = json.loads(reader.cursor)
    for cursor in (
        "{",
        "null",
        "[]",
        json.dumps(good | {"layout": 2}),
        json.dumps(good | {"reader": ""}),
        json.dumps(good | {"ids": None}),
    ):
        reader.cursor = cursor
        assert not reader.list().partial
    reader.held = {}
    assert not reader.list().partial


def test_answers_that_do_not_add_up_mean_a_whole_listing(center):
    reader = Reader(center)
    reader.list()
    center.sorts = False
    center.articles = dict(reversed(center.articles.items()))
    center.edit(2, body="<p>At the end of an unsorted list.</p>")
    listing = reader.list()
    assert not listing.partial
    assert 2 in paths(listing)


def test_a_count_that_is_never_right_makes_every_listing_whole_and_nothing_is_lost(center):
    center.extra_count = 5
    reader = Reader(center)
    for _ in range(2):
        listing = reader.list()
        assert not listing.partial
        assert paths(listing) == list(range(1, 13))
    center.delete(4)
    center.extra_count = 1
    reader.list()
    assert "articles/4" not in reader.held


def test_an_article_that_slips_from_a_page_to_come_to_one_already_read_is_not_lost(center, monkeypatch):
    monkeypatch.setattr(zendesk, "PAGE", 4)
    center.cursor_order = "title"
    center.between = {5: lambda: center.edit(9, title="A first one")}
    assert paths(Reader(center).list()) == list(range(1, 13))
    assert center.requests[4][1]["page[after]"]


def test_a_change_longer_than_twenty_pages_is_listed_whole(center, monkeypatch):
    monkeypatch.setattr(zendesk, "PAGE", 5)
    for number in range(13, 113):
        center.add(number, seconds=0)
    reader = Reader(center)
    reader.list()
    center.delete(112)
    assert not reader.list().partial
    center.add(113, seconds=0)
    assert not reader.list().partial
    assert len(reader.held) == 112


def disturb(center, chance):
    """Change something as editors and readers do."""
    article = chance.choice(list(center.articles))
    fields = chance.choice(
        [
            {"body": f"<p>Text {chance.random()}.</p>"},
            {"draft": chance.random() < 0.5},
            {"user_segment_id": chance.choice([None, 5])},
            {"vote_sum": chance.random()},
            {"section_id": chance.choice([1, 2])},
            "add",
            "delete",
            "rename",
        ]
    )
    seconds = chance.choice([0, 0, 1, 30, 4000])
    if fields == "add":
        center.add(center.now.toordinal() * 100_000 + chance.randrange(100_000), seconds=seconds)
    elif fields == "delete":
        center.delete(article)
    elif fields == "rename":
        center.sections[1]["name"] = f"Billing {chance.random()}"
    else:
        center.edit(article, seconds=seconds, **fields)


def visible(center, agent):
    """Path -> section, audience and text of what a reader should hold."""
    return {
        f"articles/{item['id']}": (
            center.sections[item["section_id"]]["name"],
            "public" if item["user_segment_id"] is None else "internal",
            item["body"],
        )
        for item in center.articles.values()
        if not item["draft"] and (agent or item["user_segment_id"] is None)
    }


def content(document):
    article = document.read()
    return article.section, article.audience, f"<p>{article.passages[0].text}</p>"


def test_what_comes_and_goes_while_pages_are_read_is_right_in_the_end(monkeypatch):
    monkeypatch.setattr(zendesk, "PAGE", 10)
    chance = random.Random(5)
    with serving(Zendesk()) as center:
        for number in range(1, 46):
            center.add(number, seconds=chance.choice([0, 1, 400]))
        agent, public = Reader(center), Reader(center, email="")
        partial = 0
        for turn in range(15):
            likely = (turn % 3) * 0.2
            center.between = {number: lambda: disturb(center, chance) for number in range(1, 15) if chance.random() < likely}
            disturb(center, chance)
            for reader in (agent, public):
                try:
                    reader.list()
                except UserError as error:
                    assert "changed too much" in str(error)
            center.quiet()
            for reader in (agent, public):
                partial += reader.list().partial
                held = {path: content(reader.documents[digest]) for path, digest in reader.held.items()}
                assert held == visible(center, reader is agent)
        assert partial > 8


def test_broken_items_are_left_out_with_a_reason_and_the_others_go_on(center):
    for number, broken in ((2, {"body": None}), (3, {"body": " "}), (4, {"title": None}), (5, {"body": "<p>\ud800 half a character</p>"})):
        center.edit(number, **broken)
    reader = Reader(center)
    listing = reader.list()
    assert paths(listing) == [1, 5, 6, 7, 8, 9, 10, 11, 12]
    assert [path for path, _ in listing.left_out] == ["articles/2", "articles/3", "articles/4"]
    assert [reason.split(";")[0] for _, reason in listing.left_out] == ["has no text", "has no text", "has no title"]
    articles(listing)["articles/5"].passages[0].text.encode("utf-8")


def test_a_purged_article_that_the_help_center_still_holds_comes_back_with_the_next_refresh(center, help_center):
    source = ZendeskSource(url=center.url, email=EMAIL)
    settings = help_center.settings.model_copy(update={"articles": (source,)})
    refresh(settings)
    purge_article(settings, "1")
    assert refresh(settings).added == 1
    center.delete(2)
    assert refresh(settings).removed == 1
    refresh(settings.model_copy(update={"retention_days": 0}))
    center.quiet()
    refresh(settings)
    assert not any("page[size]" in query for path, query, _ in center.requests if path.endswith("articles.json"))


def test_an_article_purged_and_deleted_while_its_edit_is_listed_does_not_come_back(center, help_center):
    settings = help_center.settings.model_copy(update={"articles": (ZendeskSource(url=center.url, email=EMAIL),)})
    refresh(settings)
    center.edit(1, body="<p>The last edit.</p>")
    center.quiet()

    def vanish():
        center.delete(1)
        purge_article(settings, "1")

    center.between[3] = vanish  # by then the sections and the first page of what changed are read
    assert (report := refresh(settings)).removed + report.changed + report.added == 0
    assert files_with(help_center.store, "The last edit") == []
    with Catalog(help_center.store) as catalog:
        assert catalog.versions("1") == []


def test_an_unchanged_article_keeps_its_id_from_others_though_its_help_center_lists_only_changes(center, help_center):
    sources = (*help_center.settings.articles, ZendeskSource(url=center.url, email=EMAIL))
    settings = help_center.settings.model_copy(update={"articles": sources})
    refresh(settings)
    write_articles(help_center.articles, {"one": "---\nid: 1\n---\nAnother with its number."})
    report = refresh(settings)
    assert [(item.path, item.reason.split(";")[0]) for item in report.quarantined] == [("one.md", "repeats the id 1 of articles/1")]
    assert KnowledgeBase(settings).search("Text of article 1.").hits[0].version == 1


def test_what_is_read_is_counted_while_the_pages_are_listed(center, help_center):
    for number in range(13, 251):
        center.add(number)
    settings = help_center.settings.model_copy(update={"articles": (ZendeskSource(url=center.url, email=EMAIL),)})
    told = []
    preview(settings, lambda *step: told.append(step))
    name = f"listing {settings.articles[0].name}"
    counted = [done for what, done, _ in told if what == name]
    assert told[: len(counted)] == [(name, done, 0) for done in counted]
    assert counted == sorted(counted)
    assert [done - counted[2] for done in counted[3:6]] == [100, 200, 250]


def test_the_terminal_shows_how_much_is_read_before_anybody_knows_how_much_there_is(center, help_center, monkeypatch):
    (help_center.folder / "settings.toml").write_text(f'[[articles]]\nkind = "zendesk"\nurl = "{center.url}"\nemail = "{EMAIL}"\n')
    monkeypatch.chdir(help_center.folder)
    screen = Console(file=io.StringIO(), force_terminal=True, width=160)
    monkeypatch.setattr("knowledge_base.cli.console", screen)
    result = CliRunner().invoke(app, ["refresh", "--store", str(help_center.store), "--customers", str(help_center.customers)])
    assert result.exit_code == 0, result.output
    shown = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", screen.file.getvalue())
    assert re.search(rf"listing zendesk:{center.url}:en-us \S+ \d+/\?", shown)


def test_an_article_that_repeats_an_id_is_listed_again_until_it_serves(center, help_center):
    write_articles(help_center.articles, {"one": "---\nid: 1\n---\nThe first."})
    sources = (*help_center.settings.articles, ZendeskSource(url=center.url, email=EMAIL))
    settings = help_center.settings.model_copy(update={"articles": sources})
    assert [item.path for item in refresh(settings).quarantined] == ["articles/1"]
    (help_center.articles / "one.md").unlink()
    report = refresh(settings)
    assert (report.changed, report.removed) == (1, 0)
    assert KnowledgeBase(settings).search("Text of article 1.").hits[0].version == 2


def export(folder, content):
    path = folder / "export.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return ZendeskSource(export=path)


def item(number, **fields):
    return {
        "id": number,
        "title": f"Article {number}",
        "body": f"<p>Text {number}.</p>",
        "section_id": 1,
        "updated_at": "2025-01-02T03:04:05Z",
    } | fields


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"articles": [item(1), item(2)], "sections": [{"id": 1, "name": "Billing"}]}),
        "\ufeff" + json.dumps({"articles": [item(1), item(2)], "sections": [{"id": 1, "name": "Billing"}]}, indent=1),
        json.dumps({"articles": [item(1)], "sections": [{"id": 1, "name": "Billing"}]})
        + "\n\n"
        + json.dumps({"articles": [item(2)]})
        + "\n",
        "\n".join(map(json.dumps, [{"articles": [], "sections": [{"id": 1, "name": "Billing"}]}, item(1), item(2)])),
    ],
)
def test_an_export_is_read_as_one_page_or_as_lines_of_pages_or_articles(tmp_path, content):
    listing = list_zendesk(export(tmp_path, content), "", set())
    assert paths(listing) == [1, 2]
    assert (listing.partial, listing.cursor) == (False, "")
    article = articles(listing)["articles/2"]
    assert (article.section, article.updated, article.article_id) == ("Billing", "2025-01-02", "2")


def test_a_line_break_closed_like_xml_is_none_of_an_articles_words(tmp_path):
    listing = list_zendesk(export(tmp_path, json.dumps([item(1, body="<p>Line one<br/>Line two</p><hr/><p>End.</p>")])), "", set())
    (passage,) = articles(listing)["articles/1"].passages
    assert passage.text == "Line one\nLine two\nEnd."


def test_an_article_may_be_labelled_for_several_products(tmp_path):
    listing = list_zendesk(export(tmp_path, json.dumps([item(1, label_names=["product:Watch", "product:Tablet"])])), "", set())
    assert articles(listing)["articles/1"].product == "Tablet, Watch"


def test_an_export_may_be_a_bare_list_and_hold_broken_items(tmp_path):
    content = [item(1), {"title": "No id", "body": "<p>x</p>"}, "text", item(True), item("../x"), item(4, draft=True), item(5, body=None)]
    listing = list_zendesk(export(tmp_path, json.dumps(content)), "", set())
    assert paths(listing) == [1]
    assert [path for path, _ in listing.left_out] == ["articles/?2", "articles/?3", "articles/?4", "articles/?5", "articles/5"]


def test_half_of_a_character_in_an_export_becomes_a_question_mark(help_center):
    source = export(help_center.folder, json.dumps([item(1), item(2, title="half \ud800")]))
    settings = help_center.settings.model_copy(update={"articles": (source,)})
    assert refresh(settings).quarantined == []
    assert KnowledgeBase(settings).search("half").hits[0].title == "half ?"


def test_of_an_export_in_several_locales_one_is_read_and_a_translation_has_an_id_of_its_own(tmp_path):
    content = [item(1, locale="en-us", source_locale="en-us"), item(2, locale="de", source_locale="en-us")]
    source = export(tmp_path, json.dumps(content))
    german = source.model_copy(update={"locale": "de"})
    assert [article.article_id for article in articles(list_zendesk(source, "", set())).values()] == ["1"]
    assert [article.article_id for article in articles(list_zendesk(german, "", set())).values()] == ["2-de"]
    with pytest.raises(UserError, match=r"has nothing in the locale fr: set `locale` to one that it has \(de, en-us\)"):
        list_zendesk(source.model_copy(update={"locale": "fr"}), "", set())


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"articles": [1, 2', b"\xff\xfe", b'{"data": []}', b"7", b'{"articles": 7}', b'{"id": 7}', b"[" * 50_000]
)
def test_a_damaged_export_says_so_in_a_sentence(tmp_path, content):
    with pytest.raises(UserError, match=r"nothing was changed\.$"):
        list_zendesk(export(tmp_path, content), "", set())


def test_a_missing_export_says_so_in_a_sentence(tmp_path):
    with pytest.raises(UserError, match=r"There is no export .*nothing\.json: export it there or mend `export`"):
        list_zendesk(ZendeskSource(export=tmp_path / "nothing.json"), "", set())
