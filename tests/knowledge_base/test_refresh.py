"""Refresh and catalog: only what changed is done, all of it at once, and a run that cannot end changes nothing."""

import json
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from functools import partial

import chromadb
import pytest
from chromadb.api.shared_system_client import SharedSystemClient

from knowledge_base import documents
from knowledge_base.catalog import Catalog
from knowledge_base.change import StoreBusyError, change, checked, note, store_lock
from knowledge_base.customer_sources import read_customers
from knowledge_base.erasure import purge_article, purge_customer
from knowledge_base.errors import UserError
from knowledge_base.folder import list_folder
from knowledge_base.listings import CUSTOMERS as OF_CUSTOMERS
from knowledge_base.listings import live_articles
from knowledge_base.refresh import OVERTAKEN, preview, refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.sources import CustomerFile
from knowledge_base.stored import Filters
from knowledge_base.versions import restore
from tests.conftest import ARTICLES, CUSTOMERS, write_articles, write_customers, write_help_center
from tests.proofs.crash import files_with, run_refresh
from tests.proofs.processes import finish, start


def counts(report):
    return (report.added, report.changed, report.removed, report.unchanged)


def served(help_center):
    """article id -> (version, whole text), as the catalog holds it."""
    with Catalog(help_center.store) as catalog:
        return {item: (version, catalog.article_words(item)) for item, (_, version, *_) in catalog.known_articles().items()}


def chroma_ids(help_center, collection):
    SharedSystemClient.clear_system_cache()
    with Catalog(help_center.store) as catalog:
        folder = help_center.store / catalog.meta("vectors")
    client = chromadb.PersistentClient(path=str(folder), settings=chromadb.Settings(anonymized_telemetry=False))
    return set(client.get_collection(collection, embedding_function=None).get(include=[])["ids"])


def catalog_ids(help_center):
    with Catalog(help_center.store) as catalog:
        return {item for item, _ in catalog.passage_vectors()}, {item for item, _, _ in catalog.fact_vectors()}


def content(store):
    """Everything that the catalog holds, as SQL, and the names of the files beside it."""
    with sqlite3.connect(store / "catalog.sqlite3") as db:
        return list(db.iterdump()), sorted(path.name for path in store.iterdir() if not path.name.endswith(("-wal", "-shm")))


def test_the_first_refresh_adds_everything(small_store):
    assert counts(small_store.report) == (6, 0, 0, 0)
    assert small_store.report.customers_changed == 3
    assert small_store.report.quarantined == []
    assert small_store.report.passages == 9
    assert small_store.report.seconds > 0


def test_a_second_refresh_does_nothing(refreshed):
    before = served(refreshed)
    with Catalog(refreshed.store) as catalog:
        generation = catalog.generation
    seen = []
    report = refresh(refreshed.settings, lambda *step: seen.append(step))
    assert counts(report) == (0, 0, 0, 6)
    assert (report.customers_changed, report.customers_removed) == (0, 0)
    assert seen == []
    assert served(refreshed) == before
    with Catalog(refreshed.store) as catalog:
        assert catalog.generation == generation


def test_only_what_changed_is_done(refreshed):
    edited = ARTICLES["api-limits"].replace("100 requests", "250 requests")
    write_articles(refreshed.articles, {"api-limits": edited, "new/one": "# A new one\n\nBrand new text."})
    (refreshed.articles / "mobile-timer.md").unlink()
    seen = []
    report = refresh(refreshed.settings, lambda *step: seen.append(step))
    assert counts(report) == (1, 1, 1, 4)
    assert seen == [("reading", 1, 2), ("reading", 2, 2), ("articles", 1, 2), ("articles", 2, 2)]
    now = served(refreshed)
    assert now["api-limits"][0] == 2
    assert "250 requests" in now["api-limits"][1]
    assert "100 requests" not in now["api-limits"][1]
    assert now["new/one.md"][0] == 1
    assert "mobile-timer" not in now
    assert now["cancel-plan"][0] == 1


def test_chroma_holds_exactly_what_the_catalog_serves(refreshed):
    (refreshed.articles / "mobile-timer.md").unlink()
    write_articles(refreshed.articles, {"api-limits": ARTICLES["api-limits"] + "\nOne more sentence.\n"})
    write_customers(refreshed.customers, CUSTOMERS[:2])
    refresh(refreshed.settings, force=True)
    passages, facts = catalog_ids(refreshed)
    assert chroma_ids(refreshed, "passages") == passages
    assert chroma_ids(refreshed, "account_facts") == facts
    assert not any(item.startswith("mobile-timer@") for item in passages)


def test_a_removed_article_that_comes_back_gets_a_version_never_used_before(help_center):
    path = help_center.articles / "api-limits.md"
    versions = []
    for text in (
        ARTICLES["api-limits"],
        ARTICLES["api-limits"] + "\nMore.\n",
        None,
        ARTICLES["api-limits"],
        None,
        ARTICLES["api-limits"],
    ):
        path.unlink(missing_ok=True)
        if text:
            path.write_text(text, "utf-8")
        refresh(help_center.settings)
        versions.append(served(help_center).get("api-limits", (None,))[0])
    assert versions == [1, 2, None, 3, None, 4]


@pytest.mark.parametrize("broken", [b"caf\xe9", b"---\ntitle: [\n---\nx", b"---\ntitle: x\n---\n"])
def test_a_file_that_cannot_be_read_keeps_its_last_good_version_serving(refreshed, broken):
    before = served(refreshed)
    (refreshed.articles / "api-limits.md").write_bytes(broken)
    report = refresh(refreshed.settings)
    assert [item.path for item in report.quarantined] == ["api-limits.md"]
    assert counts(report) == (0, 0, 0, 5)
    assert served(refreshed) == before
    (refreshed.articles / "api-limits.md").write_text(ARTICLES["api-limits"].replace("429", "430"), "utf-8")
    assert counts(refresh(refreshed.settings)) == (0, 1, 0, 5)
    assert "430" in served(refreshed)["api-limits"][1]


def test_an_article_of_an_audience_that_an_earlier_program_let_through_is_put_right(refreshed):
    text = ARTICLES["api-limits"].replace("title:", "audience: All\ntitle:", 1)
    write_articles(
        refreshed.articles, {"api-limits": text, "sso-setup": ARTICLES["sso-setup"].replace("title:", "audience: staff\ntitle:")}
    )
    report = refresh(refreshed.settings)
    assert [(item.path, item.reason) for item in report.quarantined] == [
        ("sso-setup.md", "has an audience 'staff'; write public or internal")
    ]
    with sqlite3.connect(refreshed.store / "catalog.sqlite3") as db:
        db.execute("UPDATE articles SET audience = 'all' WHERE article_id = 'api-limits'")
    assert refresh(refreshed.settings).unchanged == 5
    assert KnowledgeBase(refreshed.settings).search("How many requests per minute?").hits[0].article_id == "api-limits"


def test_a_document_that_breaks_its_parser_is_left_out_and_the_others_go_on(refreshed, monkeypatch):
    def broken(*_):
        raise IndexError("deep in\na parser")

    monkeypatch.setitem(documents._READERS, ".txt", broken)
    (refreshed.articles / "odd.txt").write_text("Text.")
    write_articles(refreshed.articles, {"new": "# New\n\nBrand new text."})
    report = refresh(refreshed.settings)
    assert [(item.path, item.reason) for item in report.quarantined] == [
        ("odd.txt", "cannot be read (deep in a parser); mend or remove it")
    ]
    assert counts(report) == (1, 0, 0, 6)
    assert len(list(live_articles(refreshed.settings.articles))) == 7


def test_a_moved_file_that_is_then_broken_keeps_serving(refreshed):
    moved = refreshed.articles / "moved" / "api-limits.md"
    moved.parent.mkdir()
    (refreshed.articles / "api-limits.md").rename(moved)
    assert counts(refresh(refreshed.settings)) == (0, 0, 0, 6)
    moved.write_bytes(b"\xff\xfe\x00")
    assert counts(refresh(refreshed.settings)) == (0, 0, 0, 5)
    assert "429" in served(refreshed)["api-limits"][1]


def test_a_new_file_that_repeats_an_id_is_left_out(help_center):
    write_articles(help_center.articles, {"zz-copy": ARTICLES["api-limits"].replace("429", "999")})
    report = refresh(help_center.settings)
    assert [item.path for item in report.quarantined] == ["zz-copy.md"]
    assert "api-limits.md" in report.quarantined[0].reason
    assert counts(report) == (6, 0, 0, 0)
    assert "999" not in served(help_center)["api-limits"][1]


def test_an_article_edited_to_repeat_another_id_keeps_its_last_good_version_serving(refreshed):
    before = served(refreshed)
    write_articles(refreshed.articles, {"sso-setup": ARTICLES["sso-setup"].replace("id: sso-setup", "id: api-limits")})
    report = refresh(refreshed.settings)
    assert [item.path for item in report.quarantined] == ["sso-setup.md"]
    assert report.removed == 0
    assert served(refreshed) == before


@pytest.mark.parametrize("spoil", ["empty folder", "no folder"])
def test_a_missing_or_empty_source_is_one_sentence_and_changes_nothing(refreshed, spoil):
    before = content(refreshed.store)
    shutil.rmtree(refreshed.articles)
    if spoil == "empty folder":
        refreshed.articles.mkdir()
    with pytest.raises(UserError) as caught:
        refresh(refreshed.settings)
    assert "\n" not in str(caught.value)
    assert content(refreshed.store) == before


def test_a_first_refresh_without_articles_makes_no_store(tmp_path):
    place = write_help_center(tmp_path, articles={})
    place.articles.mkdir()
    with pytest.raises(UserError, match="no articles"):
        refresh(place.settings)
    assert not place.store.exists()


def test_articles_that_can_none_of_them_be_read_are_an_error_that_names_the_first(tmp_path):
    place = write_help_center(tmp_path, articles={"b": "---\ntitle: x\n---\n", "a": ""})
    with pytest.raises(UserError, match=r"a\.md, has no text"):
        refresh(place.settings)
    assert not place.store.exists()


def test_customers_are_changed_removed_and_added(refreshed):
    write_customers(refreshed.customers, [{**CUSTOMERS[0], "plan": "Free"}, CUSTOMERS[2], {"customer_id": "DUNE-4", "company": "Dune"}])
    report = refresh(refreshed.settings, force=True)
    assert (report.customers_changed, report.customers_removed) == (2, 1)
    with Catalog(refreshed.store) as catalog:
        assert catalog.customer_ids() == ["ACME-1", "CORK-3", "DUNE-4"]
        assert catalog.customer("BOLT-2") is None
        assert catalog.facts("BOLT-2") == []
        assert "The workspace is on the Free plan." in [fact.text for fact in catalog.facts("ACME-1")]
        assert "The workspace is on the Business plan." not in [fact.text for fact in catalog.facts("ACME-1")]
        assert {version for version, _ in catalog.customer_digests().values()} == {1, 2}
    assert chroma_ids(refreshed, "account_facts") == catalog_ids(refreshed)[1]


def test_a_broken_customer_line_keeps_the_last_good_record(refreshed):
    write_customers(refreshed.customers, [CUSTOMERS[0], '{"customer_id": "BOLT-2", ', CUSTOMERS[2]])
    report = refresh(refreshed.settings)
    assert [item.path for item in report.quarantined] == ["customers.jsonl:2"]
    assert report.customers_removed == 0
    with Catalog(refreshed.store) as catalog:
        assert catalog.customer("BOLT-2")["company"] == "Bolt Bakery"


def test_a_broken_article_with_a_colon_in_its_name_does_not_keep_removed_customers(refreshed):
    write_articles(refreshed.articles, {"faq: empty": ""})
    write_customers(refreshed.customers, CUSTOMERS[:2])
    assert refresh(refreshed.settings, force=True).customers_removed == 1


def test_changed_wording_words_the_records_anew(refreshed):
    refreshed.wording.write_text('- path: plan\n  title: Plan\n  text: "They pay for {plan}."\n')
    report = refresh(refreshed.settings)
    assert counts(report) == (0, 0, 0, 6)
    assert report.customers_changed == 3
    with Catalog(refreshed.store) as catalog:
        assert "They pay for Business." in [fact.text for fact in catalog.facts("ACME-1")]


def test_no_text_of_articles_or_accounts_stands_in_chroma(small_store):
    texts = [
        "cancelled by the owner",
        "rate limits",
        "goodwill",
        "money back",
        "foundry",
        "bakery",
        "INV-81",
        "overdue",
        "smith",
        "of 10 seats",
    ]
    (vectors,) = small_store.store.glob("vectors-*")
    assert files_with(vectors, *texts, *(record["customer_id"] for record in CUSTOMERS)) == []
    assert {line.partition(": ")[2] for line in files_with(small_store.store, *texts)} == set(texts)


def test_a_moved_article_keeps_its_version_is_not_embedded_again_and_gets_its_new_section(refreshed):
    (refreshed.articles / "team-work").mkdir()
    (refreshed.articles / "mobile-timer.md").rename(refreshed.articles / "team-work" / "timer.md")
    report = refresh(refreshed.settings)
    assert (*counts(report), report.embedded) == (0, 0, 0, 6, 0)
    with Catalog(refreshed.store) as catalog:
        known = catalog.known_articles()["mobile-timer"]
        assert (known.version, known.path) == (1, "team-work/timer.md")
    hit = KnowledgeBase(refreshed.settings).search("keep the timer running on the phone").hits[0]
    assert (hit.article_id, hit.section, hit.version) == ("mobile-timer", "team work", 1)
    assert chroma_ids(refreshed, "passages") == catalog_ids(refreshed)[0]


def test_two_articles_that_swap_their_ids_are_both_changed(refreshed):
    write_articles(
        refreshed.articles,
        {
            "api-limits": ARTICLES["api-limits"].replace("id: api-limits", "id: sso-setup"),
            "sso-setup": ARTICLES["sso-setup"].replace("id: sso-setup", "id: api-limits"),
        },
    )
    report = refresh(refreshed.settings)
    assert counts(report) == (0, 2, 0, 4)
    now = served(refreshed)
    assert (now["api-limits"][0], now["sso-setup"][0]) == (2, 2)
    assert "SAML" in now["api-limits"][1]
    assert "429" in now["sso-setup"][1]


def test_an_article_that_gets_another_id_is_removed_and_added(refreshed):
    write_articles(refreshed.articles, {"api-limits": ARTICLES["api-limits"].replace("id: api-limits", "id: limits")})
    assert counts(refresh(refreshed.settings)) == (1, 0, 1, 5)
    assert {"limits"} == set(served(refreshed)) - set(ARTICLES)


def test_whoever_has_an_id_keeps_it_though_another_file_comes_first_and_both_are_new_to_the_refresh(refreshed):
    write_articles(
        refreshed.articles,
        {"aa-copy": ARTICLES["api-limits"].replace("429", "999"), "api-limits": ARTICLES["api-limits"].replace("429", "430")},
    )
    report = refresh(refreshed.settings)
    assert [item.path for item in report.quarantined] == ["aa-copy.md"]
    assert counts(report) == (0, 1, 0, 5)
    assert "430" in served(refreshed)["api-limits"][1]
    (refreshed.articles / "api-limits.md").unlink()
    report = refresh(refreshed.settings)
    assert (*counts(report), report.quarantined) == (0, 1, 0, 5, [])
    assert "999" in served(refreshed)["api-limits"][1]


def test_a_file_that_is_deleted_while_it_cannot_be_read_is_removed(refreshed):
    (refreshed.articles / "api-limits.md").write_bytes(b"caf\xe9")
    assert refresh(refreshed.settings).removed == 0
    (refreshed.articles / "api-limits.md").unlink()
    report = refresh(refreshed.settings)
    assert (report.removed, report.quarantined) == (1, [])
    assert "api-limits" not in served(refreshed)


def test_what_lies_below_a_folder_that_cannot_be_opened_goes_on_serving(refreshed, monkeypatch):
    from knowledge_base import folder

    write_articles(refreshed.articles, {"closed/a": "# A\n\nFirst.", "closed/b": "# B\n\nSecond.", "closed-not/c": "# C\n\nThird."})
    refresh(refreshed.settings)
    (refreshed.articles / "closed-not" / "c.md").unlink()
    scan = folder.os.scandir

    def shut(path):
        if str(path).endswith("/closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(folder.os, "scandir", shut)
    report = refresh(refreshed.settings)
    assert (report.removed, report.unchanged) == (1, 6)
    assert [item.path for item in report.quarantined] == ["closed"]
    assert {"closed/a.md", "closed/b.md"} < set(served(refreshed))


@pytest.mark.parametrize(
    "article_id", ["a@1", "a#0", "a/b c%", "Größe 你好 🙂", "x" * 3000, "'; DROP TABLE articles; --", "customer:ACME-1", "%"]
)
def test_an_article_with_an_odd_id_is_served_edited_and_removed(refreshed, article_id):
    def write(text):
        write_articles(
            refreshed.articles, {"odd": f"---\nid: {json.dumps(article_id, ensure_ascii=False)}\n---\n# Odd\n\nThe walrus {text}."}
        )
        refresh(refreshed.settings)
        return [hit for hit in kb.search("What does the walrus do?").hits if hit.article_id == article_id]

    kb = KnowledgeBase(refreshed.settings)
    assert [hit.text for hit in write("sings")] == ["The walrus sings."]
    assert [(hit.text, hit.version) for hit in write("hums")] == [("The walrus hums.", 2)]
    (refreshed.articles / "odd.md").unlink()
    assert refresh(refreshed.settings).removed == 1
    assert kb.search("What does the walrus do?").hits[0].article_id != article_id


def test_front_matter_with_half_of_a_character_is_left_out_with_its_reason(refreshed):
    write_articles(refreshed.articles, {"half": '---\ntitle: "half \\ud800"\n---\nText.'})
    report = refresh(refreshed.settings)
    assert [item.path for item in report.quarantined] == ["half.md"]
    assert "not valid YAML" in report.quarantined[0].reason


def test_unchanged_passages_of_an_edited_article_are_not_embedded_again(refreshed):
    write_articles(refreshed.articles, {"cancel-plan": ARTICLES["cancel-plan"].replace("14 days", "17 days")})
    assert refresh(refreshed.settings).embedded == 2  # the passage and its one changed sentence


def test_records_that_change_in_one_field_are_embedded_in_no_more_than_their_own_facts(refreshed):
    write_customers(refreshed.customers, [{**CUSTOMERS[0], "plan": "Free"}, *CUSTOMERS[1:]])
    report = refresh(refreshed.settings)
    with Catalog(refreshed.store) as catalog:
        assert 0 < report.embedded <= len(catalog.facts("ACME-1"))


def test_a_run_that_would_remove_more_than_the_share_changes_nothing_unless_it_is_forced(refreshed):
    for name in ("api-limits", "sso-setup"):
        (refreshed.articles / f"{name}.md").unlink()
    write_articles(refreshed.articles, {"mobile-timer": ARTICLES["mobile-timer"] + "\nMore.\n"})
    before = content(refreshed.store)
    with pytest.raises(UserError, match=r"remove 2 of 6 articles \(api-limits, sso-setup\), more than 20%.*--force"):
        refresh(refreshed.settings)
    assert content(refreshed.store) == before
    assert counts(refresh(refreshed.settings.model_copy(update={"most_removed": 0.4}))) == (0, 1, 2, 3)


def test_customers_are_guarded_too(refreshed):
    write_customers(refreshed.customers, CUSTOMERS[:2])
    with pytest.raises(UserError, match="remove 1 of 3 customers"):
        refresh(refreshed.settings)
    assert refresh(refreshed.settings, force=True).customers_removed == 1


def several(place, *folders):
    return place.settings.model_copy(
        update={
            "articles": KnowledgeSettings(articles=[{"kind": "folder", "path": folder} for folder in (place.articles, *folders)]).articles
        }
    )


def test_of_several_sources_the_reached_ones_go_on_and_nothing_of_the_unreached_is_removed(refreshed):
    other = refreshed.folder / "other"
    write_articles(other, {"parrots": "# Parrots\n\nA parrot eats seeds.", "newts": "# Newts\n\nA newt swims."})
    settings = several(refreshed, other)
    assert counts(refresh(settings)) == (2, 0, 0, 6)
    other.rename(refreshed.folder / "away")
    write_articles(refreshed.articles, {"api-limits": ARTICLES["api-limits"] + "\nMore.\n"})
    report = refresh(settings)
    assert counts(report) == (0, 1, 0, 7)
    assert [item.path for item in report.unreached] == [f"folder:{other.as_posix()}"]
    assert "parrots.md" in served(refreshed)
    (refreshed.folder / "away").rename(other)
    (other / "newts.md").unlink()
    assert (counts(refresh(settings)), set(served(refreshed)) & {"parrots.md", "newts.md"}) == ((0, 0, 1, 7), {"parrots.md"})
    shutil.rmtree(refreshed.articles)
    shutil.rmtree(other)
    before = content(refreshed.store)
    with pytest.raises(UserError, match="None of the article sources"):
        refresh(settings)
    assert content(refreshed.store) == before


def broken(place, how):
    if how == "gone":
        place.customers.unlink()
    else:
        place.customers.write_bytes(b"\xff\xfe\x00" if how == "no text" else b'{"users": []}\n')


@pytest.mark.parametrize("how", ["gone", "no text", "something else"])
def test_articles_go_on_where_customers_cannot_be_read_and_these_serve_as_they_were(refreshed, how):
    broken(refreshed, how)
    write_articles(refreshed.articles, {"api-limits": ARTICLES["api-limits"].replace("100", "250")})
    report = refresh(refreshed.settings)
    assert (counts(report), report.customers_changed, report.customers_removed) == ((0, 1, 0, 5), 0, 0)
    assert [item.path for item in report.unreached] == [f"customers:{refreshed.customers.as_posix()}"]
    assert str(refreshed.customers) in report.unreached[0].reason
    kb = KnowledgeBase(refreshed.settings)
    assert kb.customer_ids() == ["ACME-1", "BOLT-2", "CORK-3"]
    assert "250" in kb.search("How many requests per minute?").hits[0].text
    assert refresh(refreshed.settings, only={OF_CUSTOMERS}).unreached
    write_customers(refreshed.customers, CUSTOMERS)
    assert refresh(refreshed.settings).unreached == []


def test_customers_that_cannot_be_read_are_embedded_anew_with_the_rest(refreshed, monkeypatch):
    broken(refreshed, "gone")
    monkeypatch.setattr("knowledge_base.refresh.LAYOUT", "another")
    report = refresh(refreshed.settings)
    assert (len(report.unreached), report.customers_removed, report.embedded > 12) == (1, 0, True)
    assert KnowledgeBase(refreshed.settings).search("How many seats are used?", "ACME-1").facts


def test_a_broken_source_of_customers_removes_none_of_the_others(refreshed):
    more = refreshed.folder / "more.csv"
    more.write_text("customer_id,plan\nDOVE-4,Free\n")
    settings = refreshed.settings.model_copy(update={"customers": (*refreshed.settings.customers, CustomerFile(path=more))})
    assert refresh(settings).customers_changed == 1
    broken(refreshed, "gone")
    more.write_text("customer_id,plan\nDOVE-4,Team\n")
    report = refresh(settings)
    assert (report.customers_changed, report.customers_removed, len(report.unreached)) == (1, 0, 1)
    assert KnowledgeBase(refreshed.settings).customer_ids() == ["ACME-1", "BOLT-2", "CORK-3", "DOVE-4"]


def test_a_first_refresh_wants_the_customers_as_well(help_center):
    broken(help_center, "gone")
    with pytest.raises(UserError, match="There is no customer file"):
        refresh(help_center.settings)
    assert not help_center.store.exists()


def test_the_history_of_refreshes_is_kept_without_those_that_changed_nothing(refreshed):
    write_articles(refreshed.articles, {"api-limits": ARTICLES["api-limits"] + "\nMore.\n"})
    refresh(refreshed.settings)
    refresh(refreshed.settings)
    with Catalog(refreshed.store) as catalog:
        reports = [report for _, report in catalog.refreshes()]
        assert catalog.meta("checked") is not None
    assert [(report["added"], report["changed"]) for report in reports] == [(0, 1), (6, 0)]


def test_the_history_tells_what_was_left_out_whenever_that_changes_and_what_it_took(refreshed):
    def entries():
        with Catalog(refreshed.store) as catalog:
            return [report for _, report in catalog.refreshes()]

    (refreshed.articles / "odd.md").write_bytes(b"\xff")
    for _ in range(2):
        assert [item.path for item in refresh(refreshed.settings).quarantined] == ["odd.md"]
    assert [len(report["quarantined"]) for report in entries()] == [1, 0]
    assert (entries()[0]["added"], entries()[0]["unchanged"], entries()[0]["passages"]) == (0, 6, 9)
    assert 0 < entries()[0]["seconds"] < 60
    (refreshed.articles / "odd.md").unlink()
    for _ in range(2):
        refresh(refreshed.settings)
    assert [len(report["quarantined"]) for report in entries()] == [0, 1, 0]
    settings = several(refreshed, refreshed.folder / "nowhere")
    for _ in range(2):
        refresh(settings)
    assert [len(report["unreached"]) for report in entries()] == [1, 0, 0, 0]
    write_articles(refreshed.articles, {"newts": "# Newts\n\nA newt swims."})
    refresh(settings)
    assert (entries()[0]["added"], entries()[0]["passages"], len(entries())) == (1, 10, 5)


def test_the_history_is_bounded_and_entries_of_earlier_programs_are_compared_with(refreshed, monkeypatch):
    monkeypatch.setattr("knowledge_base.change.REFRESHES_KEPT", 3)
    with Catalog(refreshed.store) as catalog:
        for number, report in catalog.db.execute("SELECT number, report FROM refreshes").fetchall():
            old = {key: value for key, value in json.loads(report).items() if key not in ("event", "subject", "passages", "seconds")}
            catalog.db.execute("UPDATE refreshes SET report = ? WHERE number = ?", (json.dumps(old), number))
        refresh(refreshed.settings)
        assert len(catalog.refreshes()) == 1
        for number in range(5):
            (refreshed.articles / f"odd-{number}.md").write_bytes(b"\xff")
            refresh(refreshed.settings)
        assert [len(report["quarantined"]) for _, report in catalog.refreshes()] == [5, 4, 3]


def test_a_damaged_or_missing_index_is_mended_without_embedding(refreshed):
    before = chroma_ids(refreshed, "passages"), chroma_ids(refreshed, "account_facts")
    SharedSystemClient.clear_system_cache()
    shutil.rmtree(*refreshed.store.glob("vectors-*"))
    report = refresh(refreshed.settings)
    assert (*counts(report), report.embedded) == (0, 0, 0, 6, 0)
    assert (chroma_ids(refreshed, "passages"), chroma_ids(refreshed, "account_facts")) == before
    assert KnowledgeBase(refreshed.settings).search("How do I cancel?").hits[0].article_id == "cancel-plan"


def test_leftover_vectors_of_a_killed_refresh_are_never_found_and_are_swept(refreshed):
    from knowledge_base.embeddings import load_embeddings
    from knowledge_base.vectors import index_folder, reopen

    vector = load_embeddings("embedded").vectors(["A sentence nobody serves."])
    with Catalog(refreshed.store) as catalog:
        note(catalog, "passages", ["api-limits@9#0", "api-limits@1#0"])  # the second one is true, as when its file has moved
        reopen(index_folder(refreshed.store, catalog)).put_passages(["api-limits@9#0"], vector)
    found = KnowledgeBase(refreshed.settings).search("A sentence nobody serves.")
    assert "api-limits@9#0" not in {passage.passage_id for passage in found.passages}
    refresh(refreshed.settings)
    assert chroma_ids(refreshed, "passages") == catalog_ids(refreshed)[0]


def test_a_failure_inside_a_change_rolls_everything_back(refreshed):
    before = content(refreshed.store)
    with Catalog(refreshed.store) as catalog:
        with pytest.raises(RuntimeError, match="power cut"), change(catalog) as flip:
            flip.remove_article("api-limits")
            flip.remove_customer("ACME-1")
            flip.set_meta("made_by", "nobody")
            raise RuntimeError("power cut")
        assert catalog.lexical('"429"', Filters(), 5)
    assert content(refreshed.store) == before


def test_another_connection_sees_a_change_only_when_it_is_whole(refreshed):
    with Catalog(refreshed.store) as writer, Catalog(refreshed.store) as reader:
        generation = reader.generation
        with change(writer) as flip:
            flip.remove_article("api-limits")
            assert "api-limits" in reader.known_articles()
            assert reader.generation == generation
        assert "api-limits" not in reader.known_articles()
        assert reader.generation == generation + 1


@pytest.mark.parametrize("garbage", [b"this is no database, whatever its name says" * 50, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_file_that_is_no_catalog_is_one_sentence(help_center, garbage):
    help_center.store.mkdir()
    (help_center.store / "catalog.sqlite3").write_bytes(garbage)
    for run in (refresh, preview, KnowledgeBase):
        with pytest.raises(UserError, match="cannot be read as a catalog") as caught:
            run(help_center.settings)
        assert "\n" not in str(caught.value)
    assert (help_center.store / "catalog.sqlite3").read_bytes() == garbage


def test_a_catalog_damaged_in_its_middle_is_one_sentence(refreshed):
    path = refreshed.store / "catalog.sqlite3"
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xaa" * (len(raw) - 4096)
    path.write_bytes(raw)
    for run in (refresh, preview, KnowledgeBase):
        with pytest.raises(UserError) as caught:
            run(refreshed.settings)
        assert "catalog" in str(caught.value) or "store" in str(caught.value)


def test_a_store_of_an_earlier_layout_is_made_anew_once_its_sources_can_be_read(refreshed):
    with sqlite3.connect(refreshed.store / "catalog.sqlite3") as db:
        db.execute("PRAGMA user_version = 3")
    with pytest.raises(UserError, match="another layout"):
        KnowledgeBase(refreshed.settings)
    assert len(preview(refreshed.settings).added) == 6
    refreshed.articles.rename(refreshed.folder / "away")
    before = content(refreshed.store)
    with pytest.raises(UserError, match="articles"):
        refresh(refreshed.settings)
    assert content(refreshed.store) == before
    (refreshed.folder / "away").rename(refreshed.articles)
    assert counts(refresh(refreshed.settings)) == (6, 0, 0, 0)
    assert KnowledgeBase(refreshed.settings).search("How do I cancel?").hits[0].article_id == "cancel-plan"


def test_a_second_refresh_waits_for_the_first_and_says_so_when_it_waits_too_long(refreshed):
    ended = []
    with store_lock(refreshed.store):
        with pytest.raises(UserError, match="Another refresh is working"), store_lock(refreshed.store, wait=0.1):
            pass
        waiting = threading.Thread(target=lambda: ended.append(refresh(refreshed.settings)))
        waiting.start()
        time.sleep(0.3)
        assert not ended
    waiting.join()
    assert counts(ended[0]) == (0, 0, 0, 6)


def test_others_write_while_sources_are_listed_and_an_older_listing_takes_nothing_back(refreshed, monkeypatch):
    at_once = partial(store_lock, wait=1)
    for module in ("refresh", "versions", "erasure"):
        monkeypatch.setattr(f"knowledge_base.{module}.store_lock", at_once)
    listed = []

    def overtaken(source):
        found = list_folder(source)
        listed.append(found)
        if len(listed) == 1:
            write_articles(refreshed.articles, {"api-limits": ARTICLES["api-limits"].replace("100 requests", "250 requests")})
            assert counts(refresh(refreshed.settings)) == (0, 1, 0, 5)
            assert restore(refreshed.settings, "api-limits@1") == 3
            assert restore(refreshed.settings, "api-limits@2") == 4
        return found

    monkeypatch.setattr("knowledge_base.listings.list_folder", overtaken)
    assert counts(refresh(refreshed.settings)) == (0, 0, 0, 6)
    assert len(listed) == 3
    version, text = served(refreshed)["api-limits"]
    assert (version, "250 requests" in text) == (4, True)


def test_a_refresh_that_is_overtaken_again_and_again_holds_the_store_in_the_end(refreshed, monkeypatch):
    held = []

    def overtaken(source):
        try:
            with store_lock(refreshed.store, wait=0.01), Catalog(refreshed.store) as other:
                checked(other, {})
            held.append(False)
        except StoreBusyError:
            held.append(True)
        return list_folder(source)

    monkeypatch.setattr("knowledge_base.listings.list_folder", overtaken)
    assert counts(refresh(refreshed.settings)) == (0, 0, 0, 6)
    assert held == [False] * OVERTAKEN + [True]


def test_what_is_purged_and_removed_at_its_source_while_that_is_listed_does_not_come_back(refreshed, monkeypatch):
    asked = []

    def read(sources):
        found = read_customers(sources)
        if not asked:
            write_customers(refreshed.customers, CUSTOMERS[1:])
            assert purge_customer(refreshed.settings, "ACME-1")
            (refreshed.articles / "sso-setup.md").unlink()
            purge_article(refreshed.settings, "sso-setup")
        asked.append(sources)
        return found

    monkeypatch.setattr("knowledge_base.customer_sources.read_customers", read)
    report = refresh(refreshed.settings)
    assert len(asked) == 2
    assert (counts(report), report.customers_changed) == ((0, 0, 0, 5), 0)
    with Catalog(refreshed.store) as catalog:
        assert catalog.customer_ids() == ["BOLT-2", "CORK-3"]
        assert catalog.versions("sso-setup") == []


def test_a_lock_file_left_behind_stops_nobody(refreshed):
    (refreshed.store / "refresh.lock").write_text("12345\n")
    assert counts(refresh(refreshed.settings)) == (0, 0, 0, 6)


def test_two_refreshes_of_two_processes_at_once_both_end_with_the_same_store(help_center):
    runs = [start(run_refresh, help_center.folder) for _ in range(3)]
    for run in runs:
        finish(*run)
    assert {version for version, _ in served(help_center).values()} == {1}
    assert chroma_ids(help_center, "passages") == catalog_ids(help_center)[0]


def test_a_clock_that_goes_back_neither_hides_nor_erases_anything(refreshed, monkeypatch):
    monkeypatch.setattr("knowledge_base.change.now", lambda: "1999-01-01T00:00:00Z")
    write_articles(refreshed.articles, {"api-limits": ARTICLES["api-limits"].replace("429", "430")})
    assert counts(refresh(refreshed.settings)) == (0, 1, 0, 5)
    assert KnowledgeBase(refreshed.settings).search("status code 430").hits[0].version == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_a_full_disk_is_one_sentence_and_the_store_answers_as_before(refreshed, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", small], capture_output=True, check=False).returncode:
        pytest.skip("no tmpfs may be mounted here")
    try:
        shutil.copytree(refreshed.store, small / "store")
        settings = refreshed.settings.model_copy(update={"store": small / "store"})
        question = "How many requests per minute?"
        before = [hit.text for hit in KnowledgeBase(settings).search(question).hits]
        write_articles(refreshed.articles, {"api-limits": ARTICLES["api-limits"].replace("100 requests", "250 requests")})
        _fill(small / "filler")
        for run in (lambda: refresh(settings), lambda: refresh(settings.model_copy(update={"embedding_model": "embedded "}))):
            with pytest.raises(UserError) as caught:
                run()
            assert "\n" not in str(caught.value)
            assert [hit.text for hit in KnowledgeBase(settings).search(question).hits] == before
        (small / "filler").unlink()
        assert counts(refresh(settings)) == (0, 1, 0, 5)
        assert "250 requests" in KnowledgeBase(settings).search(question).hits[0].text
        assert len(list((small / "store").glob("vectors-*"))) == 1
    finally:
        SharedSystemClient.clear_system_cache()
        subprocess.run(["/bin/umount", "-l", small], check=True)


def _fill(path):
    """Write a file until the disk is full."""
    with path.open("wb", buffering=0) as file:
        for size in (65536, 512, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass


def test_settings_come_from_the_environment(monkeypatch, tmp_path):
    assert KnowledgeSettings().store == type(tmp_path)(os.environ["DESK_STORE"])
    monkeypatch.setenv("DESK_STORE", str(tmp_path))
    monkeypatch.setenv("DESK_PASSAGES", "3")
    assert (KnowledgeSettings().store, KnowledgeSettings().passages) == (tmp_path, 3)
    assert KnowledgeSettings(passages=2).passages == 2


def test_deleted_rows_are_overwritten_in_the_file(refreshed):
    with Catalog(refreshed.store) as catalog:
        assert catalog.db.execute("PRAGMA secure_delete").fetchone()[0] == 1
        assert catalog.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
