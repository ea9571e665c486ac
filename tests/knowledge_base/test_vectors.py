"""The vector index: whatever happens to its files, the catalog makes it anew and a reader answers all the while."""

import shutil
import struct
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from chromadb.api.shared_system_client import SharedSystemClient

from knowledge_base import blank_memory, followed, index, vectors
from knowledge_base.catalog import Catalog
from knowledge_base.change import change, store_lock
from knowledge_base.embeddings import SentenceEmbeddings, load_embeddings
from knowledge_base.errors import UserError
from knowledge_base.followed import Followed
from knowledge_base.graph_files import cut_short
from knowledge_base.index import CatalogVectors
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.vectors import DamagedIndex, Vectors, index_folder, reopen
from tests import tiny
from tests.conftest import ARTICLES, CUSTOMERS, help_center_in, write_articles, write_customers, write_help_center
from tests.proofs.crash import files_with
from tests.proofs.processes import ROOT, start

QUESTIONS = ("How do I cancel my subscription?", "What does error 429 mean?", "How many seats do I use?")


def answers(kb):
    return [[(hit.article_id, hit.text, round(hit.score, 3)) for hit in kb.search(question, "ACME-1").hits] for question in QUESTIONS]


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory):
    """A store whose graphs lie in files, as those of large stores do, and what it answers."""
    before = dict(vectors._HNSW)
    vectors._HNSW |= {"sync_threshold": 4, "batch_size": 3}
    place = write_help_center(tmp_path_factory.mktemp("on-disk"))
    refresh(place.settings)
    vectors._HNSW.clear()
    vectors._HNSW |= before
    SharedSystemClient.clear_system_cache()
    return SimpleNamespace(folder=place.folder, answers=answers(KnowledgeBase(place.settings)))


@pytest.fixture
def damaged(on_disk, tmp_path):
    shutil.copytree(on_disk.folder, tmp_path / "copy")
    place = help_center_in(tmp_path / "copy")
    place.answers = on_disk.answers
    SharedSystemClient.clear_system_cache()
    return place


@pytest.fixture
def embedded(monkeypatch):
    """The texts that are embedded during a test."""
    seen, vectors_of = [], SentenceEmbeddings.vectors
    monkeypatch.setattr(SentenceEmbeddings, "vectors", lambda self, texts: seen.extend(texts) or vectors_of(self, texts))
    return seen


def remove(path):
    path.unlink()


def empty(path):
    path.write_bytes(b"\0" * path.stat().st_size)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", [remove, empty, cut])
@pytest.mark.parametrize("name", ["chroma.sqlite3", "data_level0.bin", "header.bin", "link_lists.bin", "index_metadata.pickle"])
def test_a_reader_answers_as_before_and_mends_a_damaged_file_without_embedding(damaged, embedded, name, damage):
    found = list(damaged.store.rglob(name))
    assert found
    for path in found:
        damage(path)
    kb = KnowledgeBase(damaged.settings)
    assert answers(kb) == damaged.answers
    assert set(embedded) == set(QUESTIONS)
    with Catalog(damaged.store) as catalog:
        assert Vectors(index_folder(damaged.store, catalog)).counts() == catalog.counts()


def test_a_graph_is_seen_to_be_cut_short_before_chroma_reads_it(damaged):
    """Chroma takes what stands behind the end for numbers, and may ask for gigabytes."""
    header = next(damaged.store.rglob("header.bin"))
    graph, count = header.parent, struct.unpack_from("<Q", header.read_bytes(), 20)[0]
    assert count
    assert not cut_short(graph)
    links = (graph / "link_lists.bin").read_bytes()
    for spoiled in (links[:-1], links[: len(links) // 2], b"", struct.pack("<I", 2**31) + links[4:], b"\xff" * len(links)):
        (graph / "link_lists.bin").write_bytes(spoiled)
        assert cut_short(graph), spoiled[:8]
        with pytest.raises(DamagedIndex, match="cut short"):
            reopen(graph.parent)
    (graph / "link_lists.bin").write_bytes(links)
    assert not cut_short(graph)
    for name, element in (("data_level0.bin", struct.unpack_from("<Q", header.read_bytes(), 28)[0]), ("length.bin", 4)):
        whole = (graph / name).read_bytes()
        (graph / name).write_bytes(whole[: count * element])
        assert not cut_short(graph)
        (graph / name).write_bytes(whole[: count * element - 1])
        assert cut_short(graph), name
        (graph / name).write_bytes(whole)


@pytest.mark.parametrize("damage", [remove, cut])
@pytest.mark.parametrize("name", ["chroma.sqlite3", "data_level0.bin", "index_metadata.pickle"])
def test_a_refresh_mends_a_damaged_file_whether_or_not_there_is_an_edit(damaged, embedded, name, damage):
    for edit in ("", ARTICLES["api-limits"].replace("429", "430")):
        for path in damaged.store.rglob(name):
            damage(path)
        if edit:
            write_articles(damaged.articles, {"api-limits": edit})
        embedded.clear()
        report = refresh(damaged.settings)
        assert (report.changed, len(embedded)) == (bool(edit), 2 * bool(edit))
        with Catalog(damaged.store) as catalog:
            index = reopen(index_folder(damaged.store, catalog))
            assert index.counts() == catalog.counts()
            for passage, vector in catalog.passage_vectors():
                assert index.passages(vector, 1)[0][0] == passage
    assert "430" in KnowledgeBase(damaged.settings).search("What does error 430 mean?").hits[0].text


def refresh_and_answer(folder):
    settings = help_center_in(folder).settings
    refresh(settings)
    return answers(KnowledgeBase(settings))


@pytest.mark.parametrize("name", ["chroma.sqlite3", "data_level0.bin", "header.bin", "link_lists.bin", "index_metadata.pickle"])
def test_a_spoiled_file_that_crashes_processes_is_mended_by_the_third_refresh_at_the_latest(damaged, name):
    for path in damaged.store.rglob(name):
        path.write_bytes(np.random.default_rng(5).bytes(path.stat().st_size))
    write_articles(damaged.articles, {"api-limits": ARTICLES["api-limits"] + "\nSee also the other limits.\n"})
    for _ in range(3):
        process, pipe = start(refresh_and_answer, damaged.folder)
        process.join(60)
        if process.exitcode == 0:
            break
    kind, found = pipe.recv()
    assert kind == "done", found
    assert [hits[0][0] for hits in found] == [hits[0][0] for hits in damaged.answers]


@pytest.mark.parametrize("what", ["folder", "vectors of one article", "facts of one customer"])
def test_a_reader_that_is_open_already_goes_on_when_the_index_is_lost_under_it(damaged, embedded, what):
    kb = KnowledgeBase(damaged.settings)
    assert answers(kb) == damaged.answers
    with Catalog(damaged.store) as catalog:
        folder = index_folder(damaged.store, catalog)
        if what == "folder":
            shutil.rmtree(folder)
        else:
            kind = 0 if what.startswith("vectors") else 1
            ids = [item for item, _ in catalog.passage_vectors()] if kind == 0 else [fact.fact_id for fact in catalog.facts("ACME-1")]
            reopen(folder).delete((vectors.PASSAGES, vectors.FACTS)[kind], ids)
    refresh(damaged.settings)
    assert answers(kb) == damaged.answers
    assert answers(KnowledgeBase(damaged.settings)) == damaged.answers
    assert set(embedded) == set(QUESTIONS)


def test_a_reader_answers_from_the_catalog_alone_while_a_long_refresh_holds_the_store(damaged, monkeypatch):
    monkeypatch.setattr("knowledge_base.retrieval.MEND_WAIT", 0.05)
    shutil.rmtree(*damaged.store.glob("vectors-*"))
    with store_lock(damaged.store):
        assert answers(KnowledgeBase(damaged.settings)) == damaged.answers
    kb = KnowledgeBase(damaged.settings)
    assert answers(kb) == damaged.answers
    assert isinstance(kb._open_index, Followed)


def test_what_the_catalog_alone_tells_needs_no_index(damaged):
    kb = KnowledgeBase(damaged.settings)
    shutil.rmtree(*damaged.store.glob("vectors-*"))
    with store_lock(damaged.store):
        assert kb.field_values()
        assert kb.holds([("cancel-plan", 1)], "ACME-1")
        assert set(kb.customers()) == {"ACME-1", "BOLT-2", "CORK-3"}
    assert kb._open_index is None
    with Catalog(damaged.store) as catalog, change(catalog):
        pass
    assert kb.field_values()
    assert answers(kb) == damaged.answers
    assert isinstance(kb._open_index, Followed)


def test_a_reader_that_refreshes_overtake_every_time_still_answers_from_one_state(damaged, monkeypatch):
    kb = KnowledgeBase(damaged.settings)
    search = kb._search

    def overtaken(*arguments):
        found = search(*arguments)
        with Catalog(damaged.store) as catalog, change(catalog):
            pass
        return found

    monkeypatch.setattr(kb, "_search", overtaken)
    assert answers(kb) == damaged.answers


def test_the_catalogs_own_vectors_answer_as_the_index_does(small_store):
    with Catalog(small_store.store) as catalog:
        exact, dense = CatalogVectors(catalog), reopen(index_folder(small_store.store, catalog))
        facts = catalog.facts("ACME-1")
        ids = [fact.fact_id for fact in facts]
        other = catalog.facts("BOLT-2")
        for query in load_embeddings("embedded").vectors(list(QUESTIONS)):
            ours, theirs = exact.passages(query, 5), dense.passages(query, 5)
            assert [item for item, _ in ours] == [item for item, _ in theirs]
            assert [score for _, score in ours] == pytest.approx([score for _, score in theirs], abs=1e-4)
        ours, theirs = exact.facts(facts[0].key, ids), dense.facts(facts[0].key, ids)
        assert list(ours) == ids and ours.keys() == theirs.keys()
        assert all(np.allclose(ours[item], theirs[item], atol=1e-4) for item in ids)
        assert exact.facts(other[0].key, ids) == dense.facts(other[0].key, ids) == {}
        assert exact.facts(facts[0].key, []) == dense.facts(facts[0].key, []) == {}


def test_an_index_that_is_not_there_is_not_made_by_reading(tmp_path):
    with pytest.raises(DamagedIndex):
        Vectors(tmp_path / "vectors-none")
    assert list(tmp_path.iterdir()) == []


def test_an_index_full_of_dead_vectors_is_made_anew_and_the_old_one_is_deleted(refreshed, monkeypatch, embedded):
    monkeypatch.setattr(index, "DEAD_VECTORS", 20)
    monkeypatch.setattr(index, "DEAD_SHARE", 0)
    folders = []
    for number in range(20):
        write_articles(refreshed.articles, {"cancel-plan": ARTICLES["cancel-plan"].replace("14 days", f"{number} weeks")})
        refresh(refreshed.settings)
        folders.append(tuple(path.name for path in refreshed.store.glob("vectors-*")))
    assert {len(names) for names in folders} == {1}
    assert 2 <= len(set(folders)) <= 6
    assert len(embedded) == 2 * 20
    assert "19 weeks" in KnowledgeBase(refreshed.settings).search("When are refunds paid?").hits[0].text


def test_readers_of_several_stores_in_one_process_do_not_disturb_each_other(damaged, small_store):
    trouble = []

    def search(settings, expected):
        try:
            for _ in range(5):
                kb = KnowledgeBase(settings)
                if answers(kb) != expected:
                    trouble.append("another answer")
        except Exception as error:
            trouble.append(error)

    other = answers(small_store.kb)
    threads = [threading.Thread(target=search, args=(damaged.settings, damaged.answers)) for _ in range(2)]
    threads += [threading.Thread(target=search, args=(small_store.settings, other)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []


def test_a_reader_that_follows_many_refreshes_keeps_no_files_open(refreshed):
    kb = KnowledgeBase(refreshed.settings)
    counts = []
    for number in range(30):
        write_articles(refreshed.articles, {"api-limits": ARTICLES["api-limits"].replace("429", str(number))})
        refresh(refreshed.settings)
        kb.search("status code")
        counts.append(len(list(Path("/proc/self/fd").iterdir())))
    assert max(counts[15:]) <= max(counts[:15]) + 3


class TestAReaderThatFollows:
    """Few passages that became true, or are gone, do not have the index opened anew."""

    def test_it_answers_as_one_that_is_opened_now(self, refreshed):
        kb = KnowledgeBase(refreshed.settings)
        opened = (answers(kb), kb._open_index)[1]
        settings = refreshed.settings.model_copy(update={"most_removed": 1.0})
        write_customers(refreshed.customers, [{**CUSTOMERS[0], "seats": {"used": 3, "bought": 77}}, *CUSTOMERS[1:]])
        for number, gone in enumerate(("api-limits", "mobile-timer", "cancel-plan")):
            write_articles(
                refreshed.articles, {f"ferry-{number}": f"# Cancel ferry {number}\n\nTo cancel my subscription of ferry {number}, ring.\n"}
            )
            next(refreshed.articles.rglob(f"{gone}.*")).unlink()
            refresh(settings)
            assert answers(kb) == answers(KnowledgeBase(settings))
        assert any("77" in hit.text for hit in kb.search(QUESTIONS[2], "ACME-1").hits)
        assert kb._open_index is opened

    def test_it_opens_anew_past_so_many(self, refreshed, monkeypatch):
        monkeypatch.setattr(followed, "MOST_BEHIND", 2)
        kb = KnowledgeBase(refreshed.settings)
        opened = (answers(kb), kb._open_index)[1]
        for number in range(3):
            write_articles(refreshed.articles, {f"ferry-{number}": f"# Ferry {number}\n\nThe ferry {number} leaves at dawn.\n"})
            refresh(refreshed.settings)
            assert f"ferry {number}" in kb.search(f"When does ferry {number} leave?").hits[0].text
            assert (kb._open_index is opened) == (number < 2)

    def test_it_opens_the_index_that_the_catalog_names(self, refreshed):
        kb = KnowledgeBase(refreshed.settings)
        before = answers(kb)
        opened = kb._open_index
        with Catalog(refreshed.store) as catalog, store_lock(refreshed.store):
            index.renew(refreshed.store, catalog)
        assert answers(kb) == before
        assert kb._open_index is not opened

    def test_no_passage_gets_a_number_that_another_had(self, refreshed):
        def numbers():
            with Catalog(refreshed.store) as catalog:
                return dict(catalog.db.execute("SELECT passage_id, number FROM passages").fetchall())

        before, last = numbers(), max(numbers().values())
        newest = next(name for name, number in before.items() if number == last).partition("@")[0]
        next(refreshed.articles.rglob(f"{newest}.*")).unlink()
        refresh(refreshed.settings, force=True)
        write_articles(refreshed.articles, {"ferry": "# Ferry\n\nThe ferry leaves at dawn.\n"})
        refresh(refreshed.settings)
        assert {number for name, number in numbers().items() if name not in before} == {last + 1}


class TestAnotherEmbeddingModel:
    """A store that is made anew with vectors of another length."""

    def test_the_old_store_answers_until_the_flip_and_the_new_one_afterwards(self, refreshed, tmp_path, monkeypatch):
        kb = KnowledgeBase(refreshed.settings)
        before = answers(kb)
        other = refreshed.settings.model_copy(update={"embedding_model": str(tiny.embedder(tmp_path / "model"))})
        put, seen = Vectors.put_facts, []

        def looking(self, *arguments):
            put(self, *arguments)
            seen.append(answers(kb))

        monkeypatch.setattr(Vectors, "put_facts", looking)
        report = refresh(other)
        assert seen == [before]
        assert (report.added, report.changed, report.removed, report.unchanged, report.customers_changed) == (0, 0, 0, 6, 0)
        for model, settings in (("embedded", refreshed.settings), ("model", other)):
            if model == "embedded":
                with pytest.raises(UserError, match="made with the embedding model"):
                    KnowledgeBase(settings)
            else:
                assert KnowledgeBase(settings).search("cancel a subscription").hits[0].article_id == "cancel-plan"
        with pytest.raises(UserError, match="made with the embedding model"):
            answers(kb)
        assert len(list(refreshed.store.glob("vectors-*"))) == 1
        with Catalog(refreshed.store) as catalog:
            assert {item.version for item in catalog.known_articles().values()} == {1}
            assert {version for version, _ in catalog.customer_digests().values()} == {1}
        monkeypatch.setattr(Vectors, "put_facts", put)
        refresh(refreshed.settings)
        assert answers(kb) == before

    def test_a_model_that_cannot_be_loaded_changes_nothing(self, refreshed, tmp_path):
        before = answers(KnowledgeBase(refreshed.settings))
        with pytest.raises(UserError, match="cannot be loaded"):
            refresh(refreshed.settings.model_copy(update={"embedding_model": str(tmp_path / "none")}))
        assert answers(KnowledgeBase(refreshed.settings)) == before
        assert len(list(refreshed.store.glob("vectors-*"))) == 1

    def test_what_cannot_be_read_again_is_embedded_anew_from_the_catalog(self, refreshed, tmp_path):
        from knowledge_base.versions import restore

        write_articles(refreshed.articles, {"cancel-plan": ARTICLES["cancel-plan"].replace("14 days", "17 days")})
        refresh(refreshed.settings)
        restore(refreshed.settings, "cancel-plan@1")
        (refreshed.articles / "api-limits.md").write_bytes(b"caf\xe9")
        refreshed.customers.write_text(refreshed.customers.read_text().replace('{"customer_id": "ACME-1", ', '{"customer_id": "ACME-1" '))
        other = refreshed.settings.model_copy(update={"embedding_model": str(tiny.embedder(tmp_path / "model"))})
        report = refresh(other)
        assert (report.changed, report.removed, report.unchanged, report.customers_removed) == (0, 0, 5, 0)
        kb = KnowledgeBase(other)
        found = [kb.search(question, "ACME-1") for question in ("When are refunds paid?", "status code 429", "How many seats?")]
        assert any("14 days" in hit.text for hit in found[0].hits)
        assert any("429" in hit.text for hit in found[1].hits)
        assert any("7 of 10 seats" in hit.text for hit in found[2].hits)
        with Catalog(refreshed.store) as catalog:
            assert {len(vector) for _, vector in catalog.passage_vectors()} == {24}
            assert {len(vector) for _, vector, _ in catalog.fact_vectors()} == {24}
            assert catalog.known_articles()["cancel-plan"].restored


REMAINS = """
import sys
from pathlib import Path
import numpy as np
from knowledge_base.vectors import reopen

texts = ["wolpertinger and jackalope, piece %d. " % number * times for number in range(1500) for times in (1, 5, 20, 60)]
coded = [text.encode() for text in texts]
del texts, coded
for number in range(5):
    folder = Path(sys.argv[1]) / str(number)
    index = reopen(folder, create=True)
    index.put_passages(["a", "b"], np.eye(2, 384, dtype=np.float32))
    index.put_facts(["c"], np.eye(1, 384, dtype=np.float32), ["k"])
    index.close()
    index = reopen(folder)
    index.passages(np.eye(384, dtype=np.float32)[0], 2)
    index.facts("k", ["c"])
    index.close()
"""


def test_memory_comes_blank_until_a_new_index_is_closed(tmp_path):
    """A thread of Chroma's may write its files when the call that had them made is long back."""
    index, before = reopen(tmp_path / "vectors", create=True), blank_memory._within["blank"]
    index.put_passages(["a"], np.eye(1, 384, dtype=np.float32))
    index.put_facts(["c"], np.eye(1, 384, dtype=np.float32), ["k"])
    assert blank_memory._within == {"blank": before + 1, "plain": 0}
    index.close()
    index.close()
    assert blank_memory._within == {"blank": before, "plain": 0}


def test_no_text_that_stood_in_memory_gets_into_the_index(tmp_path):
    subprocess.run([sys.executable, "-c", REMAINS, str(tmp_path)], check=True, cwd=ROOT)
    assert len(list(tmp_path.rglob("length.bin"))) == 10
    assert files_with(tmp_path, "wolpertinger", "jackalope", "piece") == []
