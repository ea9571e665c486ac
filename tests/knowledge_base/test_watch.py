"""Watching: what is saved is found without a command."""

import json
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from functools import partial

import pytest

from knowledge_base import customer_sources
from knowledge_base.catalog import Catalog
from knowledge_base.change import store_lock
from knowledge_base.errors import UserError
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.sources import CustomerQuery, FolderSource, ZendeskSource
from knowledge_base.watch import follow, watched_paths
from tests.conftest import ARTICLES, CUSTOMERS, write_articles, write_customers
from tests.knowledge_base.help_center_servers import EMAIL, TOKEN, Zendesk, serving
from tests.proofs.crash import files_with

LONGEST = 60.0


@contextmanager
def following(settings):
    """Within it a watcher in a thread follows the settings' sources; the reports that it gives."""
    stop, reports = threading.Event(), []

    def watch():
        for report in follow(settings, stop):
            reports.append(report)  # noqa: PERF402  # one by one, as they come

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        wait_until(lambda: reports)
        yield reports
    finally:
        stop.set()
        thread.join(LONGEST)
        assert not thread.is_alive()


@pytest.fixture
def watched(refreshed):
    """A store that a watcher in a thread follows, with the ``reports`` it gives."""
    with following(refreshed.settings) as refreshed.reports:
        yield refreshed


def wait_until(true):
    end = time.monotonic() + LONGEST
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def said(kb, question, customer=None):
    return " ".join(hit.text for hit in kb.search(question, customer).hits)


def test_a_save_is_found_by_an_open_reader(watched):
    kb = KnowledgeBase(watched.settings)
    assert watched.reports[0].unchanged == len(ARTICLES)
    write_articles(watched.articles, {"api-limits": ARTICLES["api-limits"].replace("100 requests", "250 requests")})
    wait_until(lambda: "250 requests" in said(kb, "How many requests per minute?"))
    write_customers(watched.customers, [{**CUSTOMERS[0], "plan": "Enterprise"}, *CUSTOMERS[1:]])
    wait_until(lambda: "Enterprise" in said(kb, "Which plan is my workspace on?", "ACME-1"))


def test_an_editor_that_replaces_the_file_is_noticed(watched):
    kb = KnowledgeBase(watched.settings)
    new = watched.folder / "new.md"
    new.write_text(ARTICLES["api-limits"].replace("100 requests", "300 requests"), "utf-8")
    new.replace(watched.articles / "api-limits.md")
    wait_until(lambda: "300 requests" in said(kb, "How many requests per minute?"))


def test_a_refresh_that_stops_is_reported_and_watching_goes_on(watched):
    kb = KnowledgeBase(watched.settings)
    for name in ("api-limits", "sso-setup", "mobile-timer"):
        (watched.articles / f"{name}.md").unlink()
    wait_until(lambda: isinstance(watched.reports[-1], UserError))
    assert "more than 20%" in str(watched.reports[-1])
    assert kb.search("single sign-on with SAML").hits[0].article_id == "sso-setup"
    back = {name: ARTICLES[name] for name in ("api-limits", "sso-setup", "mobile-timer")}
    write_articles(watched.articles, back | {"parrots": "---\nid: parrots\ntitle: Feed the parrot\n---\nA parrot eats seeds at noon."})
    wait_until(lambda: "seeds at noon" in said(kb, "What does the parrot eat?"))


def test_the_store_beside_the_articles_is_not_watched(watched):
    before = len(watched.reports)
    (watched.store / "a-file").write_text("x")
    (watched.folder / "unrelated.txt").write_text("x")
    time.sleep(1)
    assert len(watched.reports) == before


@pytest.mark.parametrize("inside", ["around", "same"])
def test_articles_inside_the_store_are_watched_and_the_store_is_not(help_center, inside):
    folder = help_center.folder
    store = folder if inside == "around" else help_center.articles
    settings = help_center.settings.model_copy(update={"store": store})
    with following(settings) as reports:
        (store / "conversations.sqlite3-wal").write_text("x")
        (store / "vectors-other").mkdir()
        (store / "vectors-other" / "x").write_text("x")
        time.sleep(1)
        assert len(reports) == 1
        write_articles(help_center.articles, {"api-limits": ARTICLES["api-limits"].replace("100 requests", "250 requests")})
        wait_until(lambda: len(reports) > 1)
        time.sleep(1)
        assert [report.changed for report in reports] == [0, 1]


@pytest.mark.parametrize("save", ["linked folder", "linked file", "linked file anew", "customers", "link anew"])
def test_a_save_behind_a_link_is_seen(refreshed, save):
    elsewhere = refreshed.folder / "elsewhere"
    write_articles(elsewhere / "folder", {"parrots": "A parrot eats."})
    write_articles(elsewhere / "file", {"parrots": "A parrot eats."})
    (refreshed.articles / "linked").symlink_to(elsewhere / "folder")
    (refreshed.articles / "birds.md").symlink_to(elsewhere / "file" / "parrots.md")
    customers = refreshed.customers.rename(elsewhere / "records.jsonl")
    refreshed.customers.symlink_to(customers)
    with following(refreshed.settings) as reports:
        if save == "linked folder":
            write_articles(elsewhere / "folder", {"parrots": "A parrot eats seeds."})
        elif save == "linked file":
            write_articles(elsewhere / "file", {"parrots": "A parrot eats seeds."})
        elif save == "linked file anew":
            write_articles(elsewhere, {"new": "A parrot eats seeds."})
            (elsewhere / "new.md").replace(elsewhere / "file" / "parrots.md")
        elif save == "customers":
            write_customers(customers, [{**CUSTOMERS[0], "plan": "Enterprise"}, *CUSTOMERS[1:]])
        else:
            write_customers(elsewhere / "other.jsonl", [{**CUSTOMERS[0], "plan": "Enterprise"}, *CUSTOMERS[1:]])
            (elsewhere / "link").symlink_to(elsewhere / "other.jsonl")
            (elsewhere / "link").replace(refreshed.customers)
        wait_until(lambda: any(report.changed or report.customers_changed for report in reports))


def test_a_link_into_a_folder_that_is_watched_too_is_followed(refreshed):
    write_articles(refreshed.folder / "docs", {"parrots": "A parrot eats."})  # beside the customers, whose folder is watched
    (refreshed.articles / "linked").symlink_to(refreshed.folder / "docs")
    with following(refreshed.settings) as reports:
        write_articles(refreshed.folder / "docs", {"parrots": "A parrot eats seeds."})
        wait_until(lambda: any(report.changed for report in reports))


def test_an_export_is_watched(refreshed):
    export = refreshed.folder / "exports" / "articles.json"
    export.parent.mkdir()

    def save(body):
        export.write_text(json.dumps({"articles": [{"id": 7, "title": "Parrots", "body": body}]}), "utf-8")

    save("<p>A parrot eats.</p>")
    sources = (*refreshed.settings.articles, ZendeskSource(export=export))
    with following(refreshed.settings.model_copy(update={"articles": sources})) as reports:
        save("<p>A parrot eats seeds.</p>")
        wait_until(lambda: any(report.changed for report in reports))


def test_a_save_while_another_command_holds_the_store_is_tried_again(watched, monkeypatch):
    monkeypatch.setattr("knowledge_base.refresh.store_lock", partial(store_lock, wait=0.5))
    with store_lock(watched.store):
        write_articles(watched.articles, {"api-limits": ARTICLES["api-limits"].replace("100 requests", "250 requests")})
        wait_until(lambda: "Another refresh" in str(watched.reports[-1]))
    wait_until(lambda: not isinstance(watched.reports[-1], UserError))
    assert watched.reports[-1].changed == 1
    done = len(watched.reports)
    time.sleep(1)
    assert len(watched.reports) == done


def test_retention_ends_without_a_save(refreshed):
    write_articles(refreshed.articles, {"api-limits": ARTICLES["api-limits"].replace("100 requests", "250 requests")})
    with following(refreshed.settings.model_copy(update={"watch_every": 0.3})) as reports, Catalog(refreshed.store) as catalog:
        assert len(catalog.versions("api-limits")) == 2
        catalog.db.execute("UPDATE versions SET retired = '2020-01-01T00:00:00Z'")
        wait_until(lambda: len(catalog.versions("api-limits")) == 1 and not catalog.erasing())
        (refreshed.store / "other.sqlite3").write_bytes(b"this is no database" * 100)
        catalog.db.execute("INSERT INTO erasing VALUES ('version:api-limits@1')")
        wait_until(lambda: "could not be erased from" in str(reports[-1]))
        (refreshed.store / "other.sqlite3").unlink()
        wait_until(lambda: not catalog.erasing())
    assert files_with(refreshed.store, "100 requests") == []


@pytest.fixture
def beside_an_api(refreshed, monkeypatch):
    """Settings of two folders, a help center's API, a file and a database of customers; ``asked`` gets what is asked of the last two."""
    monkeypatch.setenv("ZENDESK_TOKEN", TOKEN)
    write_articles(refreshed.folder / "other", {"parrots": "---\nid: parrots\n---\n# Parrots\n\nA parrot eats seeds."})
    database = refreshed.folder / "crm.db"
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("CREATE TABLE accounts AS SELECT 'DUNE-4' AS customer_id, 'Free' AS plan")
    read, refreshed.asked = customer_sources.read_customers, []
    monkeypatch.setattr("knowledge_base.customer_sources.read_customers", lambda sources: refreshed.asked.append(sources) or read(sources))
    with serving(Zendesk()) as refreshed.center:
        refreshed.center.add(1)
        articles = (
            *refreshed.settings.articles,
            FolderSource(path=refreshed.folder / "other"),
            ZendeskSource(url=refreshed.center.url, email=EMAIL),
        )
        customers = (*refreshed.settings.customers, CustomerQuery(url=f"sqlite:///{database}", query="SELECT * FROM accounts"))
        refreshed.settings = refreshed.settings.model_copy(update={"articles": articles, "customers": customers})
        yield refreshed


def test_a_save_asks_no_api_and_of_customers_only_where_it_is_of_theirs(beside_an_api):
    with following(beside_an_api.settings) as reports:
        beside_an_api.center.quiet()
        beside_an_api.asked.clear()
        # Moved from one folder to the other, and both are read: nothing is lost.
        (beside_an_api.folder / "other" / "parrots.md").rename(beside_an_api.articles / "parrots.md")
        wait_until(lambda: len(reports) > 1)
        write_articles(beside_an_api.folder / "other", {"newts": "A newt swims."})
        wait_until(lambda: reports[-1].added)
        assert not any(report.removed for report in reports)
        assert beside_an_api.asked == []
        write_customers(beside_an_api.customers, [{**CUSTOMERS[0], "plan": "Enterprise"}, *CUSTOMERS[1:]])
        wait_until(lambda: reports[-1].customers_changed == 1)
        assert beside_an_api.asked
        assert beside_an_api.center.requests == []
    with Catalog(beside_an_api.store) as catalog:
        assert catalog.known_articles().keys() == {*ARTICLES, "parrots", "newts.md", "1"}
        assert catalog.customer_ids() == ["ACME-1", "BOLT-2", "CORK-3", "DUNE-4"]


def test_an_edit_in_a_help_center_is_found_at_the_interval(beside_an_api):
    with following(beside_an_api.settings.model_copy(update={"watch_every": 0.5})) as reports:
        beside_an_api.center.edit(1, body="<p>A newt swims.</p>")
        wait_until(lambda: any(report.changed for report in reports))


def test_what_a_refresh_refused_is_tried_again_with_the_next_save_of_another_kind(beside_an_api):
    with following(beside_an_api.settings) as reports:
        for name in ("api-limits", "sso-setup", "mobile-timer"):
            (beside_an_api.articles / f"{name}.md").unlink()
        wait_until(lambda: isinstance(reports[-1], UserError))
        write_articles(beside_an_api.articles, {"api-limits": ARTICLES["api-limits"].replace("100 requests", "250 requests")})
        beside_an_api.asked.clear()
        write_customers(beside_an_api.customers, [{**CUSTOMERS[0], "plan": "Enterprise"}, *CUSTOMERS[1:]])
        wait_until(lambda: beside_an_api.asked)
        write_articles(beside_an_api.articles, {name: ARTICLES[name] for name in ("sso-setup", "mobile-timer")})
        wait_until(lambda: not isinstance(reports[-1], UserError))
        assert (reports[-1].changed, reports[-1].customers_changed) == (1, 1)


def test_where_nothing_can_be_watched_it_is_said(help_center):
    settings = help_center.settings.model_copy(update={"articles": (), "customers": (), "wording": None})
    with pytest.raises(UserError, match="timer"):
        watched_paths(settings)
