"""Settings: what the environment and the settings file may say, and in how many ways."""

import json

import pytest
from pydantic_settings import SettingsError

from assistant.settings import Settings
from knowledge_base.errors import UserError
from knowledge_base.listings import list_sources, live_articles
from knowledge_base.settings import HERE, KnowledgeSettings
from knowledge_base.settings_file import OF_OTHERS
from knowledge_base.sources import CustomerFile, FolderSource
from knowledge_base.terminal import sentence
from tests.conftest import write_customers
from tests.knowledge_base.test_cli import one_sentence, run

BUNDLED = (FolderSource(path=HERE / "help_center"),)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("tax id", ("tax id",)),
        ("tax id, billing.tax*,", ("tax id", "billing.tax*")),
        ('["tax id", "memo"]', ("tax id", "memo")),
        ("[ab]*", ("[ab]*",)),
        ("[]", ()),
        (" ", ()),
    ],
)
def test_secret_fields_may_be_one_text(monkeypatch, tmp_path, text, fields):
    monkeypatch.setenv("DESK_SECRET_FIELDS", text)
    assert KnowledgeSettings().secret_fields == Settings().secret_fields == fields
    monkeypatch.delenv("DESK_SECRET_FIELDS")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").write_text(f"secret_fields = {text!r}\n")
    assert KnowledgeSettings().secret_fields == fields


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        (r"EMP-\d{2,4}", (r"EMP-\d{2,4}",)),
        (r"[A-Z]{3}\d", (r"[A-Z]{3}\d",)),
        (r'["EMP-\\d+", "X,Y"]', (r"EMP-\d+", "X,Y")),
    ],
)
def test_a_secret_pattern_may_be_one_text_and_keeps_its_commas(monkeypatch, text, patterns):
    monkeypatch.setenv("DESK_SECRET_PATTERNS", text)
    assert KnowledgeSettings().secret_patterns == patterns


def test_a_list_that_is_none_is_one_sentence(small_store, monkeypatch):
    monkeypatch.setenv("DESK_SECRET_FIELDS", '["tax id", "memo')
    assert "secret_fields" in one_sentence(run("search", "cancel", "--store", small_store.store))


def test_a_variable_that_cannot_be_decoded_is_one_sentence(monkeypatch):
    class Odd(KnowledgeSettings):
        odd: tuple[int, ...] = ()

    monkeypatch.setenv("DESK_ODD", "one")
    with pytest.raises(SettingsError) as caught:
        Odd()
    assert "odd" in sentence(caught.value)


def test_an_empty_variable_is_none(monkeypatch):
    for name in ("ARTICLES", "CUSTOMERS", "STORE", "SECRET_FIELDS", "ENGINE", "RETENTION_DAYS"):
        monkeypatch.setenv(f"DESK_{name}", "")
    assert KnowledgeSettings().articles == Settings().articles == BUNDLED
    assert (Settings().engine, Settings().store.name, Settings().retention_days) == ("openvino", "data", 90)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[[articles]]\nkind = "folder"\npath = "mine"', (True, False, False)),
        ('[[customers]]\nkind = "file"\npath = "mine.jsonl"', (False, True, False)),
        ('wording = "mine.yaml"', (False, False, True)),
        ('articles = "mine"\ncustomers = "mine.jsonl"', (True, True, False)),
    ],
)
@pytest.mark.parametrize("kind", [KnowledgeSettings, Settings])
def test_nothing_of_the_bundled_company_is_mixed_with_what_is_named(monkeypatch, tmp_path, kind, text, named):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").write_text(text)
    found = kind()
    assert (bool(found.articles), bool(found.customers), bool(found.wording)) == named
    assert not any(str(HERE) in str(part) for part in (found.articles, found.customers, found.wording))


def test_what_the_environment_or_an_argument_names_takes_the_bundled_company_away_as_well(monkeypatch, tmp_path):
    assert (KnowledgeSettings(articles=tmp_path).customers, KnowledgeSettings(articles=tmp_path).wording) == ((), None)
    monkeypatch.setenv("DESK_CUSTOMERS", "mine.jsonl")
    assert (KnowledgeSettings().articles, KnowledgeSettings().wording) == ((), None)
    assert KnowledgeSettings(articles=tmp_path).customers == (CustomerFile(path="mine.jsonl"),)
    monkeypatch.delenv("DESK_CUSTOMERS")
    assert (KnowledgeSettings().articles, KnowledgeSettings().wording) == (BUNDLED, HERE / "wording.yaml")


def test_customers_without_articles_are_asked_for_articles_and_change_nothing(refreshed, monkeypatch):
    monkeypatch.chdir(refreshed.folder)
    (refreshed.folder / "settings.toml").write_text('customers = "customers.jsonl"\n')
    for place in (refreshed.store, refreshed.folder / "new"):
        assert "`articles` is empty: name a folder" in one_sentence(run("refresh", "--store", place))
    assert not (refreshed.folder / "new").exists()
    with pytest.raises(UserError, match="`articles` is empty"):
        list(live_articles(Settings().articles))


def test_accounts_of_another_company_are_not_worded_as_the_bundled_ones(refreshed):
    write_customers(refreshed.customers, [{"customer_id": "ACME-1", "plan": "Basic", "rides": 7}])
    sources = ("--articles", refreshed.articles, "--customers", refreshed.customers, "--store", refreshed.store)
    assert run("refresh", "--force", *sources).exit_code == 0
    found = json.loads(run("search", "Which plan am I on?", "--customer", "ACME-1", "--store", refreshed.store, "--json").stdout)
    said = [hit["text"] for hit in found["hits"] if hit["source"].startswith("c")]
    assert any("Basic" in text for text in said)
    assert not any("workspace" in text.lower() for text in said)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('articels = "y"', ("settings.toml says `articels`", "write `articles` instead")),
        ('articles = "articles"\nstroe = "x"', ("`stroe`, which is no setting", "write `store` instead")),
        ("hand_of_below = 0.4", ("write `hand_off_below` instead",)),
        ("colour = 1", ("`colour`, which is no setting: take it out",)),
        ('[[articles]]\npath = "x"', ("Number 1 of the setting articles has no `kind`", '"folder"`, `"zendesk"`')),
        ('[[articles]]\nkind = "zendes"', ("has the kind 'zendes', which there is not",)),
        ('[[articles]]\nkind = "zendesk"\nurll = "x"', ("says `urll`", "write `url` instead")),
        ('[[customers]]\nkind = "sql"\nurl = "x"', ("does not say `query`", "add it")),
        ('[[customers]]\npath = "x"', ("the setting customers has no `kind`", '"file"` or `"sql"')),
        ("articles = 5", ("must be a path in quotes",)),
        ("passages = -1", ("The setting passages must be at least 1, not '-1'",)),
        ("passages = 0", ("must be at least 1",)),
        ("account_facts = -5", ("must be at least 0",)),
        ("threads = 0", ("must be at least 1",)),
        ("most_removed = 20", ("must be at most 1",)),
        ("secret_fields = 5", ("must be a list of texts",)),
    ],
)
def test_a_setting_that_is_none_or_cannot_be_is_one_plain_sentence(small_store, monkeypatch, tmp_path, text, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").write_text(text + "\n")
    said = one_sentence(run("search", "cancel", "--store", small_store.store))
    assert all(word in said for word in words), said
    assert "settings.toml" in said
    assert not any(word in said for word in ("discriminator", "tag", "input", "permitted", "required"))


def test_a_wrong_variable_is_told_by_its_name(small_store, monkeypatch):
    monkeypatch.setenv("DESK_THREADS", "0")
    told = "must be at least 1, not '0': mend it in the environment variable DESK_THREADS"
    assert told in one_sentence(run("search", "cancel", "--store", small_store.store))


def test_misspelt_variables_are_named_with_what_they_should_be(small_store, monkeypatch):
    monkeypatch.setenv("DESK_STROE", "x")
    monkeypatch.setenv("DESK_HAND_OF_BELOW", "0.4")
    said = one_sentence(run("search", "cancel", "--store", small_store.store))
    assert "DESK_HAND_OF_BELOW (write DESK_HAND_OFF_BELOW instead) or DESK_STROE (write DESK_STORE instead)" in said
    with pytest.raises(UserError, match="DESK_STROE"):
        Settings()


def test_variables_of_other_programs_and_those_that_the_file_names_are_left_alone(monkeypatch, tmp_path):
    for name in ("DESK_LOG", "DESK_COLOUR", "STREAMLIT_SERVER_PORT", "DESK_PRODUCT_NAMES"):
        monkeypatch.setenv(name, "8600")
    monkeypatch.setenv("DESK_STROE", "")
    monkeypatch.setenv("DESK_CUSTOMERS_URL", "sqlite:///crm.db")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").write_text(
        'articles = "x"\n[[customers]]\nkind = "sql"\nurl_env = "DESK_CUSTOMERS_URL"\nquery = "select 1"\n'
    )
    assert Settings().product_names == ("8600",)
    assert KnowledgeSettings().articles


def test_the_settings_of_every_program_may_stand_in_the_file(small_store, monkeypatch, tmp_path):
    assert Settings.model_fields.keys() - KnowledgeSettings.model_fields.keys() == OF_OTHERS
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").write_text('voice = "none"\nTHREADS = 1\nproduct_names = ["Pedal"]\n')
    assert run("search", "cancel", "--store", small_store.store).exit_code == 0
    assert (Settings().voice, Settings().threads) == ("none", 1)


def test_a_wording_file_that_is_not_there_is_one_sentence(refreshed, monkeypatch):
    monkeypatch.setenv("DESK_WORDING", "nope.yaml")
    sources = ("--articles", refreshed.articles, "--customers", refreshed.customers, "--store", refreshed.store)
    assert "There is no wording file nope.yaml" in one_sentence(run("refresh", *sources))


def test_a_settings_file_in_another_encoding_is_one_sentence(small_store, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").write_bytes(b'wording = "caf\xe9.yaml"\n')
    assert "settings.toml is not UTF-8" in one_sentence(run("search", "cancel", "--store", small_store.store))


def test_no_source_at_all_is_one_sentence(small_store):
    with pytest.raises(UserError, match="`articles` is empty: name a folder") as caught:
        list_sources(small_store.settings.model_copy(update={"articles": ()}), small_store.kb._catalog, False, lambda *_: None)
    assert "\n" not in str(caught.value)
