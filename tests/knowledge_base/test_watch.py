"""Watching: what is saved is found without a command."""

import threading
import time

import pytest

from knowledge_base.errors import UserError
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.watch import follow, watched_paths
from tests.conftest import ARTICLES, CUSTOMERS, write_articles, write_customers

LONGEST = 60.0


@pytest.fixture
def watched(refreshed):
    """A store that a watcher in a thread follows, with the ``reports`` it gives."""
    stop = threading.Event()
    refreshed.reports = []

    def watch():
        for report in follow(refreshed.settings, stop):
            refreshed.reports.append(report)

    thread = threading.Thread(target=watch)
    thread.start()
    wait_until(lambda: refreshed.reports)
    yield refreshed
    stop.set()
    thread.join(LONGEST)
    assert not thread.is_alive()


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


def test_where_nothing_can_be_watched_it_is_said(help_center):
    settings = help_center.settings.model_copy(update={"articles": (), "customers": (), "wording": help_center.folder / "none"})
    with pytest.raises(UserError, match="timer"):
        watched_paths(settings)
