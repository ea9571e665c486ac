"""Refresh and catalog: only what changed is done, all of it at once, and what is removed is gone."""

import os
import shutil
import sqlite3

import chromadb
import pytest
from chromadb.api.shared_system_client import SharedSystemClient

from knowledge_base.catalog import Catalog
from knowledge_base.errors import UserError
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.settings import KnowledgeSettings
from tests.conftest import ARTICLES, CUSTOMERS, write_articles, write_customers, write_help_center


def counts(report):
    return (report.added, report.changed, report.removed, report.unchanged)


def served(help_center):
    """article id -> (version, whole text), as the catalog holds it."""
    with Catalog(help_center.store) as catalog:
        return {item: (version, catalog.article_words(item)) for item, (version, _, _) in catalog.article_digests().items()}


def chroma_ids(help_center, collection):
    SharedSystemClient.clear_system_cache()
    client = chromadb.PersistentClient(path=str(help_center.store / "chroma"), settings=chromadb.Settings(anonymized_telemetry=False))
    return set(client.get_collection(collection, embedding_function=None).get(include=[])["ids"])


def files_with(folder, *texts):
    """The files below a folder that hold one of the texts, whichever case or usual encoding."""
    found = []
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        content = path.read_bytes().lower()
        found += [(path.name, text) for text in texts for coding in ("utf-8", "utf-16-le") if text.lower().encode(coding) in content]
    return found


def everything(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


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
    assert seen == [("articles", 1, 2), ("articles", 2, 2)]
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
    refresh(refreshed.settings)
    with Catalog(refreshed.store) as catalog:
        passages, facts = catalog.passage_ids(), catalog.fact_ids()
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


def test_a_moved_file_that_is_then_broken_keeps_serving(refreshed):
    moved = refreshed.articles / "moved" / "api-limits.md"
    moved.parent.mkdir()
    (refreshed.articles / "api-limits.md").rename(moved)
    assert counts(refresh(refreshed.settings)) == (0, 1, 0, 5)
    moved.write_bytes(b"\xff\xfe")
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


@pytest.mark.parametrize("spoil", ["empty folder", "no folder", "no customers", "customers no text"])
def test_a_missing_or_empty_source_is_one_sentence_and_changes_nothing(refreshed, spoil):
    before = everything(refreshed.store)
    if spoil == "no customers":
        refreshed.customers.unlink()
    elif spoil == "customers no text":
        refreshed.customers.write_bytes(b"\xff\xfe\x00")
    else:
        shutil.rmtree(refreshed.articles)
        if spoil == "empty folder":
            refreshed.articles.mkdir()
    with pytest.raises(UserError) as caught:
        refresh(refreshed.settings)
    assert "\n" not in str(caught.value)
    assert everything(refreshed.store) == before


def test_a_first_refresh_without_articles_makes_no_store(tmp_path):
    place = write_help_center(tmp_path, articles={})
    with pytest.raises(UserError, match="no articles"):
        refresh(place.settings)
    assert not place.store.exists()


def test_articles_that_can_none_of_them_be_read_are_an_error_that_names_the_first(tmp_path):
    place = write_help_center(tmp_path, articles={"b": "---\ntitle: x\n---\n", "a": ""})
    with pytest.raises(UserError, match=r"a\.md, has no text"):
        refresh(place.settings)
    with pytest.raises(UserError, match="is empty"):
        KnowledgeBase(place.settings)


def test_customers_are_changed_removed_and_added(refreshed):
    write_customers(refreshed.customers, [{**CUSTOMERS[0], "plan": "Free"}, CUSTOMERS[2], {"customer_id": "DUNE-4", "company": "Dune"}])
    report = refresh(refreshed.settings)
    assert (report.customers_changed, report.customers_removed) == (2, 1)
    with Catalog(refreshed.store) as catalog:
        assert catalog.customer_ids() == ["ACME-1", "CORK-3", "DUNE-4"]
        assert catalog.customer("BOLT-2") is None
        assert catalog.facts("BOLT-2") == []
        assert "The workspace is on the Free plan." in [fact.text for fact in catalog.facts("ACME-1")]
        assert "The workspace is on the Business plan." not in [fact.text for fact in catalog.facts("ACME-1")]
        assert {version for version, _ in catalog.customer_digests().values()} == {1, 2}
    assert not any(item.startswith("BOLT-2@") for item in chroma_ids(refreshed, "account_facts"))


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
    assert refresh(refreshed.settings).customers_removed == 1


def test_changed_wording_words_the_records_anew(refreshed):
    refreshed.wording.write_text('- path: plan\n  title: Plan\n  text: "They pay for {plan}."\n')
    report = refresh(refreshed.settings)
    assert counts(report) == (0, 0, 0, 6)
    assert report.customers_changed == 3
    with Catalog(refreshed.store) as catalog:
        assert "They pay for Business." in [fact.text for fact in catalog.facts("ACME-1")]


def test_no_text_of_articles_or_accounts_stands_in_chroma(small_store):
    texts = [
        "cancelled by the Owner",
        "rate limits",
        "goodwill",
        "money back",
        "Foundry",
        "Bakery",
        "INV-81",
        "overdue",
        "Smith",
        "of 10 seats",
    ]
    assert files_with(small_store.store / "chroma", *texts) == []
    assert {text for _, text in files_with(small_store.store, *texts)} == set(texts)


def test_deleted_text_stands_in_no_file_of_the_store(tmp_path):
    sentence = "Zanzibarquokka pays 987654 doubloons."
    place = write_help_center(
        tmp_path,
        articles={**ARTICLES, "gone": f"---\nid: gone\ntitle: Wolpertinger\nasked_as:\n  '': [my jackalope]\n---\n{sentence}\n"},
    )
    write_customers(place.customers, [*CUSTOMERS, {"customer_id": "GONE-9", "company": "Chupacabra Ltd", "note": "likes 55512 figs"}])
    refresh(place.settings)
    words = ["zanzibarquokka", "987654", "wolpertinger", "jackalop", "chupacabra", "55512"]
    assert {text for _, text in files_with(place.store, *words)} == set(words)
    desk = KnowledgeBase(place.settings)  # a reader that stays open, as a desk does
    assert desk.search("wolpertinger", "GONE-9").hits[0].article_id == "gone"
    (place.articles / "gone.md").unlink()
    write_customers(place.customers, CUSTOMERS)
    report = refresh(place.settings)
    assert (report.removed, report.customers_removed) == (1, 1)
    assert files_with(place.store, *words) == []
    assert desk.search("wolpertinger").hits[0].article_id != "gone"


def test_edited_text_leaves_no_trace_of_the_old_wording(help_center):
    write_articles(help_center.articles, {"api-limits": ARTICLES["api-limits"].replace("429", "zanzibarquokka 987654")})
    refresh(help_center.settings)
    assert files_with(help_center.store, "zanzibarquokka", "987654")
    write_articles(help_center.articles, ARTICLES)
    refresh(help_center.settings)
    assert files_with(help_center.store, "zanzibarquokka", "987654") == []


def test_a_store_without_its_vectors_is_made_anew(refreshed):
    SharedSystemClient.clear_system_cache()
    shutil.rmtree(refreshed.store / "chroma")
    report = refresh(refreshed.settings)
    assert counts(report) == (0, 6, 0, 0)
    with Catalog(refreshed.store) as catalog:
        assert chroma_ids(refreshed, "passages") == catalog.passage_ids()
        assert chroma_ids(refreshed, "account_facts") == catalog.fact_ids()
    assert KnowledgeBase(refreshed.settings).search("How do I cancel?").hits[0].article_id == "cancel-plan"


def test_leftover_vectors_of_a_killed_refresh_are_swept(refreshed):
    from knowledge_base.embeddings import load_embeddings
    from knowledge_base.vectors import Vectors

    vector = load_embeddings("embedded").vectors(["A sentence nobody serves."])
    Vectors(refreshed.store).put_passages(["api-limits@9#0"], vector, [{"article_id": "api-limits", "audience": "public"}])
    found = KnowledgeBase(refreshed.settings).search("A sentence nobody serves.")
    assert {passage.passage_id for passage in found.passages} & {"api-limits@9#0"} == set()
    refresh(refreshed.settings)
    assert "api-limits@9#0" not in chroma_ids(refreshed, "passages")


def test_a_failure_inside_a_change_rolls_everything_back(refreshed):
    before = served(refreshed)
    with Catalog(refreshed.store) as catalog:
        generation, facts = catalog.generation, catalog.fact_ids()
        with pytest.raises(RuntimeError, match="power cut"), catalog.change() as change:
            change.remove_article("api-limits")
            change.remove_customer("ACME-1")
            change.set_meta("made_by", "nobody")
            raise RuntimeError("power cut")
        assert catalog.generation == generation
        assert catalog.fact_ids() == facts
        assert catalog.meta("made_by") != "nobody"
        assert catalog.lexical('"429"', "public", 5)
    assert served(refreshed) == before


def test_another_connection_sees_a_change_only_when_it_is_whole(refreshed):
    with Catalog(refreshed.store) as writer, Catalog(refreshed.store) as reader:
        with writer.change() as change:
            change.remove_article("api-limits")
            assert "api-limits" in reader.article_digests()
        assert "api-limits" not in reader.article_digests()


def test_a_file_that_is_no_catalog_is_one_sentence(help_center):
    help_center.store.mkdir()
    (help_center.store / "catalog.sqlite3").write_bytes(b"this is no database, whatever its name says" * 50)
    with pytest.raises(UserError, match="cannot be read as a catalog") as caught:
        refresh(help_center.settings)
    assert "\n" not in str(caught.value)


def test_two_refreshes_at_once_are_kept_apart(refreshed, monkeypatch):
    import filelock

    monkeypatch.setattr("knowledge_base.refresh.FileLock", lambda path, timeout: filelock.FileLock(path, timeout=0.1))
    holder = filelock.FileLock(refreshed.store / "refresh.lock")
    with holder, pytest.raises(UserError, match="Another refresh"):
        refresh(refreshed.settings)
    assert counts(refresh(refreshed.settings)) == (0, 0, 0, 6)


def test_settings_come_from_the_environment(monkeypatch, tmp_path):
    assert KnowledgeSettings().store == type(tmp_path)(os.environ["DESK_STORE"])
    monkeypatch.setenv("DESK_STORE", str(tmp_path))
    monkeypatch.setenv("DESK_PASSAGES", "3")
    assert (KnowledgeSettings().store, KnowledgeSettings().passages) == (tmp_path, 3)
    assert KnowledgeSettings(passages=2).passages == 2


def test_deleted_rows_are_overwritten_in_the_file(refreshed):
    with Catalog(refreshed.store) as catalog:
        assert catalog._db.execute("PRAGMA secure_delete").fetchone()[0] == 1
    with sqlite3.connect(refreshed.store / "catalog.sqlite3") as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
