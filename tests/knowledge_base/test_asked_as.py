"""The file of questions that articles of any source answer: it reaches its articles, and nothing else."""

import json

import pytest

from knowledge_base.asked_as import NO_QUESTIONS, Asked, read_asked_as
from knowledge_base.catalog import Catalog
from knowledge_base.change import change
from knowledge_base.erasure import purge_article
from knowledge_base.errors import UserError
from knowledge_base.refresh import preview, refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.sources import ZendeskSource
from knowledge_base.versions import restore
from tests.conftest import ARTICLES, write_articles
from tests.knowledge_base.help_center_servers import EMAIL, TOKEN, Zendesk, serving
from tests.knowledge_base.test_cli import run
from tests.knowledge_base.test_refresh import content, counts, served
from tests.knowledge_base.test_watch import following, wait_until
from tests.proofs.crash import files_with

PAGE = "<html><body><h1>Parrots</h1><p>A bird of the house.</p><h2>Meals</h2><p>Seeds are given at noon.</p></body></html>"


@pytest.fixture
def desk(refreshed):
    """A refreshed store with a page of HTML among its articles; ``ask`` writes the file of questions, which is set."""
    (refreshed.articles / "parrots.html").write_text(PAGE)
    file = refreshed.file = refreshed.folder / "questions.yaml"
    refreshed.ask = lambda text: file.write_text(text, "utf-8")
    refreshed.ask("")
    refreshed.settings = refreshed.settings.model_copy(update={"asked_as": file})
    refresh(refreshed.settings)
    return refreshed


@pytest.fixture
def center(desk, monkeypatch):
    """A help center on Zendesk beside the folder; its answers are logged."""
    monkeypatch.setenv("ZENDESK_TOKEN", TOKEN)
    with serving(Zendesk()) as help_center:
        for number in range(1, 6):
            help_center.add(number)
        sources = (*desk.settings.articles, ZendeskSource(url=help_center.url, email=EMAIL))
        desk.settings = desk.settings.model_copy(update={"articles": sources})
        refresh(desk.settings)
        help_center.quiet()
        yield help_center


def asked(desk, article_id):
    """Heading -> questions, as the catalog holds them."""
    with Catalog(desk.store) as catalog:
        return {passage.heading: passage.asked for passage in catalog.article(article_id).passages if passage.asked}


def listed_whole(center):
    return any("page[size]" in query for path, query, _ in center.requests if path.endswith("articles.json"))


def test_questions_reach_articles_with_and_without_front_matter_and_are_searched(desk):
    question = "what does my feathered friend want to munch"
    before = KnowledgeBase(desk.settings).search(question)
    desk.ask(
        f"parrots.html:\n  Parrots: [who is  Polly]\n  MEALS: ['{question}', '{question}']\n"
        "cancel-plan:\n  refunds: [you charged me twice, will I get my money back]\n"
    )
    report = refresh(desk.settings)
    assert counts(report) == (0, 2, 0, 5)
    assert report.quarantined == []
    assert asked(desk, "parrots.html") == {"Parrots": ("who is Polly",), "Meals": (question,)}
    assert asked(desk, "cancel-plan") == {"Refunds": ("will I get my money back", "you charged me twice")}
    found = KnowledgeBase(desk.settings).search(question)
    assert (found.hits[0].article_id, found.hits[0].heading) == ("parrots.html", "Meals")
    assert found.confidence > before.confidence


def test_only_what_is_new_is_embedded_and_an_unchanged_file_does_nothing(desk):
    desk.ask("api-limits:\n  '': [am I throttled, how often may I call]\n")
    assert refresh(desk.settings).embedded == 2
    desk.ask("api-limits:\n  '': [am I throttled, how often may I call, 'why 429']\n")
    report = refresh(desk.settings)
    assert (counts(report), report.embedded) == ((0, 1, 0, 6), 1)
    assert served(desk)["api-limits"][0] == 3
    desk.ask("# a remark\napi-limits:\n  '':\n  - am I throttled\n  - how often may I call\n  - why 429\n")
    assert counts(refresh(desk.settings)) == (0, 0, 0, 7)
    assert preview(desk.settings).changes is False


def test_an_edited_article_keeps_its_questions_and_one_made_anew_too(desk):
    desk.ask("api-limits:\n  '': [am I throttled]\n")
    refresh(desk.settings)
    write_articles(desk.articles, {"api-limits": ARTICLES["api-limits"].replace("100", "250")})
    assert refresh(desk.settings).changed == 1
    assert asked(desk, "api-limits") == {"": ("am I throttled",)}
    with Catalog(desk.store) as catalog, change(catalog) as flip:
        flip.set_meta("made_by", "an earlier program")
    assert counts(refresh(desk.settings)) == (0, 0, 0, 7)
    assert asked(desk, "api-limits") == {"": ("am I throttled",)}


@pytest.mark.parametrize("way", ["out of the file", "with the setting"])
def test_questions_taken_out_are_gone_and_those_of_the_front_matter_stay(desk, way):
    with Catalog(desk.store) as catalog:
        before = {name: item.digest for name, item in catalog.known_articles().items()}
    desk.ask("cancel-plan:\n  Refunds: [you charged me twice]\nparrots.html:\n  Meals: [what does it munch]\n")
    refresh(desk.settings)
    desk.ask("")
    report = refresh(desk.settings if way == "out of the file" else desk.settings.model_copy(update={"asked_as": None}))
    assert (counts(report), report.embedded) == ((0, 2, 0, 5), 0)
    assert asked(desk, "cancel-plan") == {"Refunds": ("will I get my money back",)}
    assert asked(desk, "parrots.html") == {}
    with Catalog(desk.store) as catalog:
        assert {name: item.digest for name, item in catalog.known_articles().items()} == before


def test_what_no_article_has_is_left_out_with_its_line_and_nothing_else_changes(desk):
    before = served(desk)
    desk.ask(
        "nobody:\n  '': [who am I]\ncancel-plan:\n  '': [end it]\n  Cancle: [stop it]\n  Refunds: [pay me]\nsso-setup:\n  Nothing: [what]\n"
    )
    plan, report = preview(desk.settings), refresh(desk.settings)
    assert plan.changed == ["cancel-plan"]
    assert (counts(report), report.embedded) == ((0, 1, 0, 6), 2)
    assert report.quarantined == plan.quarantined
    assert [(item.path, item.reason.split(";")[0]) for item in report.quarantined] == [
        (str(desk.file), "names in line 1 an article that there is not"),
        (str(desk.file), "names in line 5 a heading that its article does not have"),
        (str(desk.file), "names in line 8 a heading that its article does not have"),
    ]
    assert {name for name, item in served(desk).items() if item != before[name]} == {"cancel-plan"}
    assert asked(desk, "cancel-plan") == {"": ("end it",), "Refunds": ("will I get my money back", "pay me")}
    assert refresh(desk.settings).quarantined == report.quarantined
    desk.ask(desk.file.read_text().replace("Nothing: [what]", "Nothing: [what else]").replace("Cancle", "Cancel"))
    assert refresh(desk.settings).changed == 1
    assert served(desk)["sso-setup"] == before["sso-setup"]


def test_text_before_the_first_heading_that_is_not_there_and_articles_that_come_and_go_are_told(desk):
    write_articles(desk.articles, {"birds": "---\nid: birds\n---\n# Meals\n\nBirds eat seeds."})
    desk.ask("birds:\n  '': [what about birds]\n")
    (flaw,) = refresh(desk.settings).quarantined
    assert flaw.reason == "names in line 2 text before the first heading, which its article does not have; mend it or take it out"
    (desk.articles / "birds.md").unlink()
    assert [item.reason for item in refresh(desk.settings).quarantined] == [
        "names in line 1 an article that there is not; mend its id or take it out"
    ]


def test_an_article_whose_file_is_broken_serves_on_and_is_not_said_to_be_missing(desk):
    desk.ask("api-limits:\n  '': [am I throttled]\n")
    refresh(desk.settings)
    (desk.articles / "api-limits.md").write_bytes(b"\xff")
    assert [item.path for item in refresh(desk.settings).quarantined] == ["api-limits.md"]
    assert asked(desk, "api-limits") == {"": ("am I throttled",)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"api-limits: [", "is not valid YAML (line 2)"),
        (b"a: \x00", "is not valid YAML"),
        (b"[" * 100_000, "is not valid YAML"),
        (b"\xff", "is not UTF-8 text"),
        (b"api-limits", "Line 1 of"),
        (b"- api-limits", "Line 1 of"),
        (b"api-limits:\n  - am I throttled", "Line 2 of"),
        (b"api-limits:\nsso-setup:\n  '': [what]", "Line 1 of"),
        (b"api-limits:\n  '': am I throttled", "Line 2 of"),
        (b"api-limits:\n  '':\n", "Line 2 of"),
        (b"api-limits:\n  '': []", "Line 2 of"),
        (b"api-limits:\n  '': [what, '']", "Line 2 of"),
        (b"api-limits:\n  '':\n  - [what]", "Line 3 of"),
        (b"api-limits:\n  ? [a]\n  : [what]", "Line 2 of"),
        (b"api-limits:\n  '': [\"\\ud800\"]", "is not valid YAML (line 2)"),
        (b"api-limits:\n  '': [what]\napi-limits:\n  '': [who]", "Line 3 of"),
        (b"cancel-plan:\n  Refunds: [what]\n  refunds: [who]", "says 'refunds' again"),
        (b"cancel-plan:\n  Refunds: {}", "Line 2 of"),
        (b"cancel-plan:\n  Refunds: {asked_as: [what], gasp: [who]}", "Line 2 of"),
        (b"cancel-plan:\n  Refunds: {gaps: who}", "Line 2 of"),
        (b"cancel-plan:\n  Refunds:\n    gaps: [who]\n    gaps: [what]", "says 'gaps' again"),
    ],
)
def test_a_file_of_another_shape_is_one_sentence_and_changes_nothing(desk, text, said):
    write_articles(desk.articles, {"new": "Another text."})
    desk.file.write_bytes(text)
    before = content(desk.store)
    with pytest.raises(UserError) as caught:
        refresh(desk.settings)
    assert said in str(caught.value)
    assert str(caught.value).endswith("nothing was changed.")
    assert "\n" not in str(caught.value)
    assert content(desk.store) == before


def test_known_gaps_stand_in_the_file_as_well(desk):
    gap = "does the parrot talk"
    desk.ask(
        f"parrots.html:\n  Parrots: {{gaps: [{gap}, {gap}]}}\n  Meals: {{asked_as: [what does it munch], gaps: [does it munch nuts]}}\n"
    )
    report = refresh(desk.settings)
    assert (counts(report), report.embedded, report.quarantined) == ((0, 1, 0, 6), 3, [])
    assert asked(desk, "parrots.html") == {"Meals": ("what does it munch",)}
    with Catalog(desk.store) as catalog:
        assert [passage.gaps for passage in catalog.article("parrots.html").passages] == [(gap,), ("does it munch nuts",)]
    assert KnowledgeBase(desk.settings).search("Does the parrot talk?").known_gap.text == gap
    desk.ask("parrots.html:\n  Meals: {asked_as: [what does it munch]}\n")
    assert counts(refresh(desk.settings)) == (0, 1, 0, 6)
    assert KnowledgeBase(desk.settings).search("Does the parrot talk?").known_gap is None
    desk.ask("parrots.html:\n  Meals: [what does it munch]\n")
    assert counts(refresh(desk.settings)) == (0, 0, 0, 7)


def test_a_missing_file_is_one_sentence(desk):
    desk.file.unlink()
    with pytest.raises(UserError, match=r"questions\.yaml cannot be read \(no such file or directory\): check the setting `asked_as`"):
        refresh(desk.settings)


def test_ids_that_look_like_numbers_are_texts(tmp_path):
    (tmp_path / "q.yaml").write_text("\ufeff0123:\n  1.0: [yes]\n360012345: {on: [1e3]}\n", "utf-8")
    found = read_asked_as(tmp_path / "q.yaml")
    assert found.questions("0123", {"1.0"}) == {"1.0": Asked(2, {"yes": ()})}
    assert found.questions("360012345", {"on"}) == {"on": Asked(3, {"1e3": ()})}
    (tmp_path / "q.yaml").write_text("# nothing yet\n")
    assert read_asked_as(tmp_path / "q.yaml").digest == NO_QUESTIONS.digest == ""


def test_an_edit_reaches_articles_that_a_help_center_does_not_list(desk, center):
    desk.ask("'2':\n  '': [where is my thing]\n")
    report = refresh(desk.settings)
    assert (report.changed, report.embedded) == (1, 1)
    assert asked(desk, "2") == {"": ("where is my thing",)}
    center.quiet()
    center.edit(3, body="<p>Another text.</p>")
    assert (refresh(desk.settings).changed, listed_whole(center)) == (1, False)
    assert asked(desk, "2") == {"": ("where is my thing",)}
    assert refresh(desk.settings.model_copy(update={"asked_as": None})).changed == 1
    assert asked(desk, "2") == {}


def test_a_help_center_that_was_not_reached_gets_its_questions_later(desk, center):
    desk.ask("'2':\n  '': [where is my thing]\n")
    center.faults["all"] = ("status", 403, {}, b"")
    assert len(refresh(desk.settings).unreached) == 1
    center.quiet()
    assert refresh(desk.settings).changed == 1
    assert asked(desk, "2") == {"": ("where is my thing",)}


def test_a_restored_article_stays_until_its_source_changes(desk):
    write_articles(desk.articles, {"api-limits": ARTICLES["api-limits"].replace("100", "250")})
    refresh(desk.settings)
    restore(desk.settings, "api-limits@1")
    desk.ask("api-limits:\n  '': [am I throttled]\n")
    assert refresh(desk.settings).changed == 0
    assert "100 requests" in served(desk)["api-limits"][1]
    (desk.articles / "api-limits.md").rename(desk.articles / "limits.md")
    refresh(desk.settings)
    assert "100 requests" in served(desk)["api-limits"][1]
    write_articles(desk.articles, {"limits": ARTICLES["api-limits"].replace("100", "300")})
    assert refresh(desk.settings).changed == 1
    assert asked(desk, "api-limits") == {"": ("am I throttled",)}


def test_a_purge_leaves_no_question_in_the_store_and_says_where_they_still_stand(desk, monkeypatch):
    desk.ask("parrots.html:\n  Meals: [what does it munch]\n  Zoology: [which kind is it]\n")
    refresh(desk.settings)
    assert files_with(desk.store, "munch")
    monkeypatch.setenv("DESK_ASKED_AS", str(desk.file))
    shown = run("purge", "parrots.html", "--store", desk.store).stdout
    assert f"{desk.file} is a file of yours: if it holds questions for parrots.html, take them out as well." in shown.replace("\n", " ")
    assert "of yours" not in run("purge", "--customer", "BOLT-2", "--store", desk.store).stdout
    (desk.articles / "parrots.html").unlink()
    report = refresh(desk.settings)
    assert [item.reason.split(";")[0] for item in report.quarantined] == ["names in line 1 an article that there is not"]
    assert files_with(desk.store, "munch", "parrots", "zoology", "which kind") == []


def test_of_a_removed_article_no_question_serves(desk):
    desk.ask("parrots.html:\n  Meals: [what does it munch]\n")
    refresh(desk.settings)
    (desk.articles / "parrots.html").unlink()
    assert refresh(desk.settings).removed == 1
    with Catalog(desk.store) as catalog:
        assert catalog.document_frequency("munch") == 0
    purge_article(desk.settings, "parrots.html")
    assert files_with(desk.store, "munch") == []


def test_watch_follows_the_file_though_it_is_missing_or_broken(desk, center):
    desk.file.unlink()
    with following(desk.settings) as reports:
        assert "cannot be read" in str(reports[0])
        desk.ask("'2':\n  '': [where is my thing]\nparrots.html:\n  Meals: [what does it munch]\n")
        wait_until(lambda: getattr(reports[-1], "changed", 0) == 2)
        desk.ask("'2': [")
        wait_until(lambda: "is not valid YAML" in str(reports[-1]))
        desk.ask("'2':\n  '': [where is it]\n")
        wait_until(lambda: getattr(reports[-1], "changed", 0) == 2)
    assert (asked(desk, "2"), asked(desk, "parrots.html")) == ({"": ("where is it",)}, {})


def test_watch_asks_sources_of_articles_and_none_of_customers_after_a_save_of_the_file(desk, center, monkeypatch):
    with following(desk.settings) as reports:
        read = []
        monkeypatch.setattr("knowledge_base.customer_sources.read_customers", read.append)
        desk.ask("'2':\n  '': [where is my thing]\n")
        wait_until(lambda: reports[-1].changed == 1)
    assert asked(desk, "2") == {"": ("where is my thing",)}
    assert read == []


def test_the_setting_is_a_variable_or_a_line_of_the_settings_file(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert KnowledgeSettings().asked_as is None
    (tmp_path / "settings.toml").write_text('asked_as = "questions.yaml"\n')
    assert str(KnowledgeSettings().asked_as) == "questions.yaml"
    monkeypatch.setenv("DESK_ASKED_AS", "others.yaml")
    assert str(KnowledgeSettings().asked_as) == "others.yaml"


def test_ambiguous_questions_stand_in_the_file_as_well(desk):
    desk.ask("parrots.html:\n  Meals: {ambiguous: [does it talk]}\n")
    assert counts(refresh(desk.settings)) == (0, 1, 0, 6)
    assert KnowledgeBase(desk.settings).search("Does it talk?").ambiguous.text == "does it talk"
    desk.ask("")
    assert counts(refresh(desk.settings)) == (0, 1, 0, 6)
    assert KnowledgeBase(desk.settings).search("Does it talk?").ambiguous is None


def test_a_sentence_that_answers_is_named_by_how_it_begins(desk):
    with Catalog(desk.store) as catalog:
        meals = next(passage for passage in catalog.article("parrots.html").passages if passage.heading == "Meals")
    opening = " ".join(meals.units[0].text.split()[:3])
    desk.ask(json.dumps({"parrots.html": {"Meals": {"asked_as": {opening: ["what does it munch"], "Gone by now": ["and when"]}}}}))
    assert counts(refresh(desk.settings)) == (0, 1, 0, 6)
    with Catalog(desk.store) as catalog:
        meals = next(passage for passage in catalog.article("parrots.html").passages if passage.heading == "Meals")
    assert dict(zip(meals.asked, meals.answered_by, strict=True)) == {"what does it munch": (0,), "and when": ()}
