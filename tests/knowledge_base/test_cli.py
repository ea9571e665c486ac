"""The command line: the documented shape out, one sentence where something is wrong."""

import json
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from knowledge_base.cli import app
from tests.conftest import CUSTOMERS, write_customers

SEARCH = {"id", "confidence", "known_gap", "ambiguous", "which", "vagueness", "hits", "for_agent", "seconds", "timing"}
HIT = {"source", "article_id", "version", "title", "text", "score", "updated", "indexed"}


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def one_sentence(result):
    """The one sentence that a failed command says."""
    assert result.exit_code not in (0, None)
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    said = result.stderr.strip()
    assert said
    assert "\n" not in said
    assert "Traceback" not in result.output
    assert not re.search(r"[.!?] [A-Z]", said)
    assert said.endswith(".")
    assert result.stdout == ""
    return said


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def write_questions(path, *questions):
    path.write_text("".join(f"{question if isinstance(question, str) else json.dumps(question)}\n" for question in questions), "utf-8")
    return path


def test_refresh_as_json_says_what_it_did(refreshed):
    (refreshed.articles / "api-limits.md").write_bytes(b"\xff")
    (refreshed.articles / "sso-setup.md").unlink()
    result = run("refresh", "--store", refreshed.store, "--articles", refreshed.articles, "--customers", refreshed.customers, "--json")
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    assert (report["added"], report["changed"], report["removed"], report["unchanged"]) == (0, 0, 1, 4)
    assert report["quarantined"][0]["path"] == "api-limits.md"
    assert {"customers_changed", "customers_removed", "passages", "seconds"} <= set(report)


def test_refresh_tells_people_what_was_left_out(refreshed):
    (refreshed.articles / "api-limits.md").write_bytes(b"\xff")
    result = run("refresh", "--store", refreshed.store, "--articles", refreshed.articles, "--customers", refreshed.customers)
    assert result.exit_code == 0, result.stderr
    assert "0 removed, 5 unchanged" in result.stdout
    assert "Left out: api-limits.md is not UTF-8 text" in result.stderr


def test_a_line_without_an_id_says_that_no_customer_is_removed_for_it(refreshed):
    write_customers(refreshed.customers, [CUSTOMERS[0], {"company": "of nobody"}])
    told = "customers.jsonl:2 has no valid customer_id (1 to 64 letters, digits and . _ : -); it may be any customer's, so none is removed"
    sources = ("--store", refreshed.store, "--articles", refreshed.articles, "--customers", refreshed.customers)
    result = run("refresh", *sources)
    assert told in result.stderr
    assert "customers changed, 0 removed" in result.stdout
    report = json.loads(run("refresh", *sources, "--json").stdout)
    assert "none is removed until it is mended" in report["quarantined"][0]["reason"]


def test_search_as_json_has_the_documented_shape(small_store):
    result = run("search", "How many seats are used when I cancel?", "--customer", "ACME-1", "--store", small_store.store, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert set(found) == SEARCH
    assert found["id"] is None
    assert 0 <= found["confidence"] <= 1
    assert 0 <= found["vagueness"] <= 1
    assert set(found["timing"]) == {"open", "embed", "dense", "lexical", "rank", "facts"}
    assert sum(found["timing"].values()) <= found["seconds"] + 0.001
    assert all(set(hit) >= HIT for hit in found["hits"])
    assert found["hits"][0]["article_id"] == "cancel-plan"
    assert "The workspace uses 7 of 10 seats." in [hit["text"] for hit in found["hits"]]


def test_search_shows_people_a_table(small_store):
    result = run("search", "cancel subscription", "--store", small_store.store)
    assert result.exit_code == 0, result.stderr
    assert "confidence" in result.stdout
    assert "Cancel a" in result.stdout


def test_the_store_may_be_named_by_the_environment(small_store, monkeypatch):
    monkeypatch.setenv("DESK_STORE", str(small_store.store))
    assert json.loads(run("search", "cancel subscription", "--json").stdout)["hits"][0]["article_id"] == "cancel-plan"


def test_a_batch_answers_each_question_with_its_history_and_customer(small_store, tmp_path):
    history = [
        {"role": "customer", "text": "I want all my time entries as a CSV file."},
        {"role": "agent", "text": "Make an export."},
    ]
    questions = write_questions(
        tmp_path / "q.jsonl",
        {"id": "q1", "question": "How do I cancel?"},
        "",
        {"id": 2, "question": "and how long does it take until I have it?", "history": history, "customer_id": "BOLT-2"},
    )
    result = run("search", "--store", small_store.store, "--questions", questions, "--out", tmp_path / "out.jsonl")
    assert result.exit_code == 0, result.stderr
    first, second = lines(tmp_path / "out.jsonl")
    assert (first["id"], first["hits"][0]["article_id"]) == ("q1", "cancel-plan")
    assert (second["id"], second["hits"][0]["article_id"]) == (2, "export-data")
    assert {hit["article_id"] for hit in second["hits"] if hit["source"].startswith("c")} == {"customer:BOLT-2"}
    assert all(set(row) == SEARCH for row in (first, second))


def test_a_line_that_is_no_question_is_told_with_the_field_and_roles_go_by_two_names(small_store, tmp_path):
    def ask(line):
        into = ("--questions", write_questions(tmp_path / "q.jsonl", line), "--out", tmp_path / "out.jsonl", "--store", small_store.store)
        return run("search", *into)

    assert "line 1 is no question (id: Field required)" in one_sentence(ask({"question": "How do I cancel?"}))
    odd = {"id": 1, "question": "And then?", "history": [{"role": "banana", "text": "Hi."}]}
    assert "history.0.role" in one_sentence(ask(odd))
    named = {"id": 1, "question": "And then?", "history": [{"role": "user", "text": "Hi."}, {"role": "assistant", "text": "Hello."}]}
    assert ask(named).exit_code == 0
    missing = run("search", "--questions", tmp_path / "none.jsonl", "--store", small_store.store)
    assert "There is no question file" in one_sentence(missing)


def test_the_customer_of_the_command_is_that_of_the_lines_that_name_none(small_store, tmp_path):
    questions = write_questions(
        tmp_path / "q.jsonl",
        {"id": 1, "question": "How many seats are used?"},
        {"id": 2, "question": "How many seats are used?", "customer_id": "BOLT-2"},
    )
    into = ("--questions", questions, "--out", tmp_path / "out.jsonl", "--customer", "ACME-1", "--store", small_store.store)
    assert run("search", *into).exit_code == 0
    customers = [{hit["article_id"] for hit in row["hits"] if hit["source"].startswith("c")} for row in lines(tmp_path / "out.jsonl")]
    assert customers == [{"customer:ACME-1"}, {"customer:BOLT-2"}]
    (tmp_path / "out.jsonl").unlink()
    assert "not both" in one_sentence(run("search", "How many seats?", *into))
    assert not (tmp_path / "out.jsonl").exists()


def test_a_batch_question_that_cannot_be_answered_is_reported_and_the_others_are_done(small_store, tmp_path):
    questions = write_questions(
        tmp_path / "q.jsonl",
        {"id": "bad", "question": "Which plan?", "customer_id": "NOBODY"},
        {"id": "empty", "question": " "},
        {"id": "good", "question": "How do I cancel?"},
    )
    result = run("search", "--store", small_store.store, "--questions", questions, "--out", tmp_path / "out.jsonl")
    assert "1 of 3 questions done" in one_sentence(result)
    bad, empty, good = lines(tmp_path / "out.jsonl")
    assert bad["id"] == "bad"
    assert "NOBODY" in bad["error"]
    assert set(empty) == {"id", "error"}
    assert good["hits"][0]["article_id"] == "cancel-plan"


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        '{"id": 1}',
        '{"question": "x"}',
        "[]",
        '{"id": 1, "question": "x", "history": "y"}',
        '{"id": 1, "question": 5}',
        "{",
    ],
)
def test_a_bad_line_of_a_batch_is_one_sentence_that_names_it(small_store, tmp_path, line):
    questions = write_questions(tmp_path / "q.jsonl", {"id": 1, "question": "How do I cancel?"}, line)
    result = run("search", "--store", small_store.store, "--questions", questions, "--out", tmp_path / "out.jsonl")
    assert "q.jsonl line 2" in one_sentence(result)
    assert not (tmp_path / "out.jsonl").exists()


def test_a_batch_file_that_is_no_text_or_has_nowhere_to_go_is_one_sentence(small_store, tmp_path):
    questions = tmp_path / "q.jsonl"
    assert "q.jsonl" in one_sentence(run("search", "--store", small_store.store, "--questions", questions, "--out", tmp_path / "out.jsonl"))
    questions.write_bytes(b'{"id": 1, "question": "caf\xe9"}')
    assert "UTF-8" in one_sentence(run("search", "--store", small_store.store, "--questions", questions, "--out", tmp_path / "out.jsonl"))
    write_questions(questions, {"id": 1, "question": "How do I cancel?"})
    assert "--out" in one_sentence(run("search", "--store", small_store.store, "--questions", questions))
    assert "nowhere" in one_sentence(
        run("search", "--store", small_store.store, "--questions", questions, "--out", tmp_path / "nowhere" / "o")
    )


@pytest.mark.parametrize("how", ["itself", "link", "hard link", "another path"])
def test_results_never_overwrite_the_questions(small_store, tmp_path, how):
    questions = write_questions(tmp_path / "q.jsonl", {"id": 1, "question": "How do I cancel?"})
    before, out = questions.read_bytes(), tmp_path / "out.jsonl"
    if how == "link":
        out.symlink_to(questions)
    elif how == "hard link":
        out.hardlink_to(questions)
    else:
        out = questions if how == "itself" else tmp_path / "x" / ".." / "q.jsonl"
        (tmp_path / "x").mkdir()
    said = one_sentence(run("search", "--store", small_store.store, "--questions", questions, "--out", out))
    assert "would overwrite the questions" in said
    assert "name another file with --out" in said
    assert questions.read_bytes() == before


def test_results_replace_those_of_before_only_once_all_are_there(small_store, tmp_path, monkeypatch):
    questions = write_questions(tmp_path / "q.jsonl", {"id": 1, "question": "How do I cancel?"}, {"id": 2, "question": "And SSO?"})
    (tmp_path / "real.jsonl").write_text("before\n")
    out = tmp_path / "out.jsonl"
    out.symlink_to(tmp_path / "real.jsonl")
    into = ("--store", small_store.store, "--questions", questions, "--out", out)

    def stopped(*_):
        raise RuntimeError("stopped")

    with monkeypatch.context() as patched:
        patched.setattr("knowledge_base.retrieval.KnowledgeBase.search", stopped)
        assert isinstance(run("search", *into).exception, RuntimeError)
    assert out.read_text() == "before\n"
    assert run("search", *into).exit_code == 0
    assert [row["id"] for row in lines(tmp_path / "real.jsonl")] == [1, 2]
    assert out.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "q.jsonl", "real.jsonl"]
    assert run("search", "--store", small_store.store, "--questions", questions, "--out", "/dev/null").exit_code == 0


@pytest.mark.parametrize("question", ["", "   ", "x" * 50_000])
def test_a_question_that_is_none_is_one_sentence(small_store, question):
    assert "question" in one_sentence(run("search", question, "--store", small_store.store, "--json")).lower()


def test_no_question_at_all_is_one_sentence(small_store):
    assert "empty" in one_sentence(run("search", "--store", small_store.store))


@pytest.mark.parametrize("customer_id", ["NOBODY-9", "", "* OR 1", "ACМE-1"])
def test_an_unknown_customer_is_one_sentence(small_store, customer_id):
    assert "no customer" in one_sentence(run("search", "Which plan?", "--customer", customer_id, "--store", small_store.store))


def test_a_missing_store_is_one_sentence_that_says_what_to_do(tmp_path):
    assert "knowledge_base refresh" in one_sentence(run("search", "cancel", "--store", tmp_path / "nowhere"))


def test_missing_sources_are_one_sentence(tmp_path, refreshed):
    store, articles, customers = tmp_path / "new", refreshed.articles, refreshed.customers
    assert "no articles" in one_sentence(run("refresh", "--store", store, "--articles", tmp_path / "none", "--customers", customers))
    assert "no customer file" in one_sentence(run("refresh", "--store", store, "--articles", articles, "--customers", tmp_path / "none"))
    assert not store.exists()


def test_a_store_that_is_a_file_is_one_sentence(tmp_path, refreshed):
    (tmp_path / "file").write_text("x")
    result = run("refresh", "--store", tmp_path / "file", "--articles", refreshed.articles, "--customers", refreshed.customers)
    assert "file" in one_sentence(result)


def test_a_wrong_setting_is_one_sentence(small_store, monkeypatch):
    monkeypatch.setenv("DESK_PASSAGES", "many")
    assert "passages" in one_sentence(run("search", "cancel", "--store", small_store.store))


def test_a_settings_file_that_is_no_toml_is_one_sentence(small_store, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").write_text("passages = [")
    assert "settings.toml" in one_sentence(run("search", "cancel", "--store", small_store.store))


def test_the_settings_file_of_the_working_folder_is_read(small_store, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").write_text("passages = 1\n")
    hits = json.loads(run("search", "cancel", "--store", small_store.store, "--json").stdout)["hits"]
    assert len({hit["article_id"] for hit in hits}) == 1


@pytest.mark.parametrize("verb", [(), ("refresh",), ("search",)])
def test_every_verb_explains_itself_and_its_options(verb):
    result = run(*verb, "--help")
    assert result.exit_code == 0
    assert "Refresh" in result.stdout or "Bring" in result.stdout or "Show" in result.stdout
    for name, text in re.findall(r"(?m)│ +(--[a-z]+|refresh|search)\s+(.*?)│?$", result.stdout):
        assert len(re.sub(r"<\w+>", "", text).strip()) > 8, name


def test_the_module_runs_as_a_program_and_fails_with_one_sentence(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "knowledge_base", "search", "cancel", "--store", str(tmp_path / "nowhere")],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("There is no knowledge base in")


@pytest.mark.parametrize(
    ("question", "options", "facts", "shown"),
    [
        ("Is my invoice paid?", ["invoice INV-71", "invoice INV-72"], [], "that fit: 2; asked back between: invoice INV-71"),
        ("Is invoice INV-72 paid?", [], ["Invoice INV-72 is open."], "that fit: 1; meant: Invoice INV-72 is open."),
        (
            "Which invoices do I have?",
            [],
            ["Invoice INV-71 is paid.", "Invoice INV-72 is open."],
            "that fit: 2; meant: Invoice INV-71 is paid.",
        ),
    ],
)
def test_search_says_which_of_the_accounts_things_a_question_means(small_store, question, options, facts, shown):
    place = ("--customer", "ACME-1", "--store", small_store.store)
    which = json.loads(run("search", question, *place, "--json").stdout)["which"]
    assert (which["kind"], which["facts"]) == ("invoice", facts)
    assert [name.split(",")[0] for name in which["options"]] == options
    assert shown in run("search", question, *place).stdout.replace("\n", " ")
    assert json.loads(run("search", "How do I cancel?", "--store", small_store.store, "--json").stdout)["which"] is None
