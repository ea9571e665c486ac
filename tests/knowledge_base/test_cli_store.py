"""The command line around the store: plans, forced removals, versions, restoring and erasing."""

import json

import pytest

from knowledge_base.catalog import Catalog
from knowledge_base.evidence import NARROWING
from knowledge_base.ranking import WEIGHTS
from knowledge_base.retrieval import KnowledgeBase
from tests.conftest import ARTICLES, CUSTOMERS, write_articles, write_customers
from tests.knowledge_base.test_cli import one_sentence, run
from tests.proofs.crash import files_with


def refreshing(place, *options):
    return run("refresh", "--store", place.store, "--articles", place.articles, "--customers", place.customers, *options)


@pytest.fixture
def edited(refreshed, monkeypatch):
    """A store whose articles were edited, added and removed since; its wording is that of the refresh before."""
    monkeypatch.setenv("DESK_WORDING", str(refreshed.folder / "wording.yaml"))
    write_articles(
        refreshed.articles,
        {"api-limits": ARTICLES["api-limits"].replace("100", "250"), "parrots": "---\nid: parrots\ntitle: Parrots\n---\nSeeds at noon."},
    )
    (refreshed.articles / "sso-setup.md").unlink()
    return refreshed


def test_a_dry_run_prints_the_plan_and_changes_nothing(edited):
    before = {path: path.stat().st_mtime_ns for path in edited.store.rglob("*.sqlite3")}
    result = refreshing(edited, "--dry-run")
    assert result.exit_code == 0, result.stderr
    for line in ("added: 1\n  parrots", "changed: 1\n  api-limits", "removed: 1\n  sso-setup", "unchanged: 4", "Nothing was changed."):
        assert line in result.stdout
    assert {path: path.stat().st_mtime_ns for path in edited.store.rglob("*.sqlite3")} == before
    assert KnowledgeBase(edited.settings).search("single sign-on with SAML").hits[0].article_id == "sso-setup"


def test_a_dry_run_as_json_names_what_would_be_done(edited):
    (edited.articles / "mobile-timer.md").write_bytes(b"\xff")
    plan = json.loads(refreshing(edited, "--dry-run", "--json").stdout)
    assert (plan["added"], plan["changed"], plan["removed"], plan["unchanged"]) == (["parrots"], ["api-limits"], ["sso-setup"], 3)
    assert [item["path"] for item in plan["quarantined"]] == ["mobile-timer.md"]
    assert (plan["customers_changed"], plan["customers_removed"]) == ([], [])


def test_a_dry_run_without_a_store_makes_none(help_center):
    result = refreshing(help_center, "--dry-run", "--json")
    assert len(json.loads(result.stdout)["added"]) == len(ARTICLES)
    assert not help_center.store.exists()


def test_many_removals_stop_the_run_until_it_is_forced(refreshed):
    for name in ("api-limits", "sso-setup"):
        (refreshed.articles / f"{name}.md").unlink()
    assert "--force" in one_sentence(refreshing(refreshed))
    assert json.loads(refreshing(refreshed, "--force", "--json").stdout)["removed"] == 2


def test_a_dry_run_says_that_the_run_would_be_refused(refreshed):
    assert json.loads(refreshing(refreshed, "--dry-run", "--json").stdout)["refused"] == ""
    for name in ("api-limits", "sso-setup"):
        (refreshed.articles / f"{name}.md").unlink()
    result = refreshing(refreshed, "--dry-run")
    assert result.exit_code == 1
    assert "removed: 2" in result.stdout
    assert "would remove 2 of 6 articles (api-limits, sso-setup), more than 20%: check the sources, or run it with --force" in result.stderr
    assert "would remove 2" in json.loads(refreshing(refreshed, "--dry-run", "--json").stdout)["refused"]
    forced = refreshing(refreshed, "--dry-run", "--force")
    assert (forced.exit_code, forced.stderr.strip()) == (0, "")


def test_a_dry_run_that_does_not_reach_a_source_exits_as_the_run_would(refreshed, tmp_path):
    refreshed.articles.rename(tmp_path / "elsewhere")
    assert refreshing(refreshed, "--dry-run").exit_code == refreshing(refreshed).exit_code == 1


@pytest.mark.parametrize("of", [(), ("set-up-single-sign-on-with-saml",)])
def test_the_history_cuts_no_word_at_80_columns(refreshed, monkeypatch, of):
    monkeypatch.setenv("COLUMNS", "80")
    for number in range(2):
        text = f"---\nid: set-up-single-sign-on-with-saml\ntitle: Set up single sign-on\nupdated: 2026-11-22\n---\nVersion {number}."
        write_articles(refreshed.articles, {"long": text})
        assert refreshing(refreshed).exit_code == 0
    shown = run("history", *of, "--store", refreshed.store).stdout
    assert max(map(len, shown.splitlines())) <= 80
    words = shown.split()
    row = json.loads(run("history", *of, "--store", refreshed.store, "--json").stdout)[-1]
    moment = row["indexed"] if of else row["at"]
    wanted = {
        *moment.removesuffix("Z").split("T"),
        *(("restorable", "2026-11-22", "retired") if of else ("refresh", "passages", "seconds")),
    }
    assert wanted <= set(words)


def test_refresh_without_arguments_does_what_the_settings_file_says(help_center, monkeypatch):
    monkeypatch.chdir(help_center.folder)
    monkeypatch.delenv("DESK_STORE")
    (help_center.folder / "more").mkdir()
    write_articles(help_center.folder / "more", {"parrots": "# Feed the parrot\n\nA parrot eats seeds at noon."})
    (help_center.folder / "settings.toml").write_text(
        'store = "store"\nwording = "wording.yaml"\n[[articles]]\nkind = "folder"\npath = "articles"\n'
        '[[articles]]\nkind = "folder"\npath = "more"\n[[customers]]\nkind = "file"\npath = "customers.jsonl"\n'
    )
    report = json.loads(run("refresh", "--json").stdout)
    assert (report["added"], report["customers_changed"]) == (len(ARTICLES) + 1, len(CUSTOMERS))
    assert json.loads(run("search", "What does the parrot eat?", "--json").stdout)["hits"][0]["article_id"] == "parrots.md"


def test_an_unreached_source_fails_the_command_and_the_others_go_on(edited, monkeypatch):
    monkeypatch.chdir(edited.folder)
    (edited.folder / "settings.toml").write_text(
        f'[[articles]]\nkind = "folder"\npath = "{edited.articles}"\n[[articles]]\nkind = "folder"\npath = "nowhere"\n'
        '[[customers]]\nkind = "file"\npath = "customers.jsonl"\n'
    )
    result = run("refresh", "--store", edited.store, "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert [item["path"] for item in report["unreached"]] == ["folder:nowhere"]
    assert (report["added"], report["changed"], report["removed"]) == (1, 1, 1)


def test_the_versions_of_an_article_are_shown_and_one_is_restored(edited):
    assert refreshing(edited).exit_code == 0
    rows = json.loads(run("history", "api-limits", "--store", edited.store, "--json").stdout)
    assert [(row["version"], row["retired"] == "serves", row["restorable"]) for row in rows] == [
        ("api-limits@2", True, False),
        ("api-limits@1", False, True),
    ]
    assert "api-limits@1" in run("history", "api-limits", "--store", edited.store).stdout
    kb = KnowledgeBase(edited.settings)
    result = run("restore", "api-limits@1", "--store", edited.store)
    assert "version 3" in result.stdout
    hit = kb.search("How many requests per minute?").hits[0]
    assert (hit.version, "100 requests" in hit.text) == (3, True)
    assert "serves already" in one_sentence(run("restore", "api-limits@3", "--store", edited.store))


def test_the_refreshes_are_listed_newest_first(edited):
    assert refreshing(edited).exit_code == 0
    rows = json.loads(run("history", "--store", edited.store, "--json").stdout)
    assert [(row["added"], row["changed"], row["removed"]) for row in rows] == [(1, 1, 1), (len(ARTICLES), 0, 0)]
    assert "refreshes" in run("history", "--store", edited.store).stdout


def test_restores_and_purges_are_listed_and_as_many_entries_as_are_asked_for(edited):
    def listed(*options):
        return json.loads(run("history", *options, "--store", edited.store, "--json").stdout)

    assert refreshing(edited).exit_code == 0
    assert run("restore", "api-limits@1", "--store", edited.store).exit_code == 0
    assert run("purge", "export-data", "--store", edited.store).exit_code == 0
    assert run("purge", "--customer", "BOLT-2", "--store", edited.store).exit_code == 0
    rows = listed()
    assert [row["what"] for row in rows] == ["purge customer", "purge article", "restore api-limits@1", "refresh", "refresh"]
    assert [(row["changed"], row["removed"], row["customers_removed"]) for row in rows[:3]] == [(0, 0, 1), (0, 1, 0), (1, 0, 0)]
    assert [row["passages"] for row in rows] == [7, 7, 9, 9, 9]
    assert listed("--last", 2) == rows[:2]
    assert [row["version"] for row in listed("api-limits", "--last", 2)] == ["api-limits@3", "api-limits@2"]
    assert run("history", "--last", 0, "--store", edited.store).exit_code == 2
    assert run("purge", "api-limits", "--store", edited.store).exit_code == 0
    assert [row["what"] for row in listed()][3] == "restore (purged)@1"
    assert files_with(edited.store, "api-limits", "BOLT-2", "export-data") == []


def test_more_than_20_refreshes_are_shown_where_they_are_asked_for_and_old_entries_too(refreshed):
    with Catalog(refreshed.store) as catalog:
        old = {"added": 1, "changed": 0, "removed": 0, "unchanged": 0, "customers_changed": 0, "customers_removed": 0,
               "quarantined": [], "unreached": [], "embedded": 1}  # fmt: skip
        for _ in range(30):
            catalog.db.execute("INSERT INTO refreshes VALUES (NULL, '2026-01-01T00:00:00Z', ?)", (json.dumps(old),))
    shown = run("history", "--store", refreshed.store)
    assert shown.exit_code == 0, repr(shown.exception)
    assert shown.stdout.count("1 added") == 20
    rows = json.loads(run("history", "--last", 25, "--store", refreshed.store, "--json").stdout)
    assert len(rows) == 25
    assert (rows[0]["what"], rows[0]["seconds"], rows[0]["left_out"]) == ("refresh", None, 0)


def test_an_article_and_a_customer_are_purged(refreshed):
    assert files_with(refreshed.store, "SAML", "Bolt Bakery")
    (refreshed.articles / "sso-setup.md").unlink()
    assert "1 version erased" in run("purge", "sso-setup", "--store", refreshed.store).stdout
    assert "BOLT-2 erased" in run("purge", "--customer", "BOLT-2", "--store", refreshed.store).stdout
    assert files_with(refreshed.store, "SAML", "sso-setup", "Bolt Bakery", "BOLT-2") == []
    told = "There is no customer 'NOPE-9' on record: check the id"
    assert told in one_sentence(run("purge", "--customer", "NOPE-9", "--store", refreshed.store))
    assert "check the id" in one_sentence(run("purge", "nope", "--store", refreshed.store))


def test_a_purge_that_names_nothing_or_two_things_erases_nothing(refreshed):
    assert "one thing" in one_sentence(run("purge", "--store", refreshed.store))
    assert "one thing" in one_sentence(run("purge", "sso-setup", "--customer", "BOLT-2", "--store", refreshed.store))
    assert KnowledgeBase(refreshed.settings).search("single sign-on with SAML").hits[0].article_id == "sso-setup"


def test_search_shows_parts_filters_signals_and_timing(small_store):
    result = run("search", "How do I cancel?", "--customer", "ACME-1", "--plan", "Team", "--store", small_store.store)
    assert result.exit_code == 0, result.stderr
    for said in (
        "dense",
        "lexical",
        "edited",
        "as of",
        "Filters: audience public, plan Team, customer ACME-1.",
        "Signals:",
        "Milliseconds:",
    ):
        assert said in result.stdout
    assert "choose public or internal" in one_sentence(run("search", "x", "--audience", "all", "--store", small_store.store))


def test_search_shows_the_account_facts_that_matter_and_all_of_them_where_that_is_asked_for(small_store, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    asked = ("search", "How do I export my data as a CSV file?", "--customer", "ACME-1", "--store", small_store.store)
    scores = [hit["score"] for hit in json.loads(run(*asked, "--json").stdout)["hits"] if hit["source"].startswith("c")]
    few, every = run(*asked).stdout, run(*asked, "--all-facts").stdout
    left = sum(score < NARROWING.fact for score in scores)
    assert left >= 4
    assert (few.count("as of"), every.count("as of")) == (len(scores) - left, len(scores))
    assert f"Account facts that hardly matter, under {NARROWING.fact}: {left}; --all-facts shows them." in few
    assert "hardly matter" not in every


def test_brackets_in_articles_ids_and_records_are_shown_as_they_are(refreshed, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("DESK_WORDING", str(refreshed.folder / "wording.yaml"))
    texts = ("Close bold zebras with [/b] after.", "A list[str] of zebras has [red] items.")
    article = "---\nid: {0}\ntitle: Zebras {1}\n---\n# Stripes {1}\n\n{2}"
    write_articles(refreshed.articles, {f"z{n}": article.format(f"z[b]{n}", tag, texts[n]) for n, tag in enumerate(("[/b]", "[red]"))})
    write_customers(refreshed.customers, [{**CUSTOMERS[0], "company": "Zebra [/b] [red] :key: Works"}, *CUSTOMERS[1:]])
    assert refreshing(refreshed).exit_code == 0
    found = run("search", "Which company has zebras?", "--customer", "ACME-1", "--store", refreshed.store)
    assert found.exit_code == 0, repr(found.exception)
    for said in (*texts, "Zebras [/b]", "Zebras [red]", "Stripes [/b]", "Zebra [/b] [red] :key: Works"):
        assert said in found.stdout
    versions = run("history", "z[b]0", "--store", refreshed.store)
    assert versions.exit_code == 0, repr(versions.exception)
    assert "versions of z[b]0" in versions.stdout
    assert "z[b]0@1" in versions.stdout
    assert "Zebras [/b]" in versions.stdout


@pytest.mark.parametrize("command", [("purge", "[/b]"), ("history", "[/b]"), ("restore", "[/b]@1"), ("search", "x", "--audience", "[/b]")])
def test_brackets_in_an_argument_are_said_as_they_are(small_store, command):
    assert "[/b]" in one_sentence(run(*command, "--store", small_store.store))


def searched(place, *arguments):
    result = run("search", *arguments, "--store", place.store, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_search_that_finds_nothing_is_sure_of_nothing(refreshed):
    with Catalog(refreshed.store) as catalog:
        catalog.db.execute("UPDATE articles SET audience = 'internal'")
    found = searched(refreshed, "How do I cancel?")
    assert (found["hits"], found["confidence"], found["vagueness"]) == ([], 0, 0)
    assert "Nothing found: confidence 0.00, vagueness 0.00." in run("search", "How do I cancel?", "--store", refreshed.store).stdout
    found = searched(refreshed, "How do I cancel?", "--customer", "ACME-1")
    assert (found["confidence"], found["vagueness"]) == (0, 0)
    found = searched(refreshed, "Which plan is my workspace on?", "--customer", "ACME-1")
    assert (found["hits"][0]["path"], found["confidence"] > 0.5, found["vagueness"]) == ("plan", True, 0)


def test_a_search_reads_a_follow_up_with_its_history(small_store):
    follow_up = "And how many days do I have for that?"
    history = ("--history", "customer: Will I get my money back when I cancel?", "--history", "Agent: Yes, there are refunds.")
    alone, after = searched(small_store, follow_up), searched(small_store, follow_up, *history)
    assert after["hits"][0]["heading"] == "Refunds"
    assert alone["hits"][0]["score"] < after["hits"][0]["score"]
    assert "begin it with `customer:` or `agent:`" in one_sentence(
        run("search", follow_up, "--history", "Refunds: none", "--store", small_store.store)
    )


def test_history_beside_a_file_of_questions_is_refused(small_store, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"id": 1, "question": "How do I cancel?"}\n')
    files = ("--questions", tmp_path / "in.jsonl", "--out", tmp_path / "out.jsonl")
    assert "leave out --history" in one_sentence(run("search", *files, "--history", "agent: Hello.", "--store", small_store.store))


@pytest.mark.parametrize("part", ["dense", "unit", "title", "asked", "lexical"])
def test_a_search_without_a_part_ranks_as_if_it_weighed_nothing(small_store, part):
    whole, less = searched(small_store, "Will I get a refund?"), searched(small_store, "Will I get a refund?", "--without", part)
    assert less["hits"][0]["score"] < whole["hits"][0]["score"]
    for after in (hit for hit in less["hits"] if hit["parts"]):
        weighed = sum(after["parts"][name] * getattr(WEIGHTS, name) for name in after["parts"] if name != part)
        assert after["score"] == pytest.approx(weighed, abs=0.001)


def test_a_search_says_which_part_it_left_out_and_refuses_one_that_is_none(small_store):
    result = run("search", "Will I get a refund?", "--without", "title", "--without", "unit", "--store", small_store.store)
    assert "Filters: audience public, without title, without unit." in result.stdout
    assert "choose of dense, unit, title, asked, lexical" in one_sentence(
        run("search", "refund", "--without", "headings", "--store", small_store.store)
    )
