"""Going back: former versions are kept and shown, and one of them can serve again."""

import pytest

from knowledge_base.catalog import Catalog
from knowledge_base.errors import UserError
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.versions import history, restore
from tests.conftest import ARTICLES, write_articles


def edit(place, days):
    write_articles(place.articles, {"cancel-plan": ARTICLES["cancel-plan"].replace("14 days", f"{days} days")})
    return refresh(place.settings)


def refunds(place):
    """The version that serves and what it says of refunds, and whether the passage's vectors and words are all there."""
    hits = KnowledgeBase(place.settings).search("When are refunds paid? will I get my money back").hits
    hit = next(hit for hit in hits if hit.heading == "Refunds")
    assert hit.parts["dense"] > 0.4
    return hit.version, hit.text.split("paid within ")[1].split(" days")[0]


def shown(place, article="cancel-plan"):
    return [(item.version, bool(item.retired), bool(item.kept)) for item in history(place.settings, article)]


def test_an_edit_keeps_the_former_version_and_says_when_it_was_retired(refreshed):
    edit(refreshed, 21)
    new, old = history(refreshed.settings, "cancel-plan")
    assert (new.version, new.title, new.updated, new.retired) == (2, "Cancel a subscription", "2026-03-01", "")
    assert (old.version, old.title, old.updated) == (1, "Cancel a subscription", "2026-03-01")
    assert old.indexed <= old.retired == new.indexed


def test_a_restored_version_serves_whole_under_a_number_of_its_own(refreshed):
    edit(refreshed, 21)
    with Catalog(refreshed.store) as catalog:
        edited = catalog.article("cancel-plan")
    assert restore(refreshed.settings, "cancel-plan@1") == 3
    assert refunds(refreshed) == (3, "14")
    with Catalog(refreshed.store) as catalog:
        article = catalog.article("cancel-plan")
    assert (
        (article.section, article.plans, article.audience)
        == (edited.section, edited.plans, edited.audience)
        == ("Billing", ("Team", "Business"), "public")
    )
    assert [passage.heading for passage in article.passages] == ["", "Cancel", "Refunds"]
    assert [unit.step for unit in article.passages[1].units] == [1, 2, 3]
    assert article.passages[2].asked == ("will I get my money back",)
    assert shown(refreshed) == [(3, False, True), (2, True, True), (1, True, True)]


def test_a_restored_version_stays_until_its_source_is_edited(refreshed):
    edit(refreshed, 21)
    restore(refreshed.settings, "cancel-plan@1")
    report = refresh(refreshed.settings)
    assert (report.changed, report.unchanged, report.embedded) == (0, 6, 0)
    assert refunds(refreshed) == (3, "14")
    assert edit(refreshed, 30).changed == 1
    assert refunds(refreshed) == (4, "30")


def test_a_restored_version_stays_when_its_file_is_moved(refreshed):
    edit(refreshed, 21)
    restore(refreshed.settings, "cancel-plan@1")
    (refreshed.articles / "cancel-plan.md").rename(refreshed.articles / "moved.md")
    assert refresh(refreshed.settings).unchanged == 6
    assert refunds(refreshed) == (3, "14")
    assert refresh(refreshed.settings).unchanged == 6
    (refreshed.articles / "moved.md").write_text(ARTICLES["cancel-plan"].replace("14 days", "5 days"), "utf-8")
    assert refresh(refreshed.settings).changed == 1
    assert refunds(refreshed) == (4, "5")


def test_a_removed_article_can_be_brought_back_and_its_source_wins_when_it_comes_back_too(refreshed):
    (refreshed.articles / "sso-setup.md").unlink()
    assert refresh(refreshed.settings).removed == 1
    assert shown(refreshed, "sso-setup") == [(1, True, True)]
    kb = KnowledgeBase(refreshed.settings)
    assert "sso-setup" not in [hit.article_id for hit in kb.search("single sign-on").hits]
    assert restore(refreshed.settings, "sso-setup@1") == 2
    assert kb.search("single sign-on").hits[0].article_id == "sso-setup"
    assert refresh(refreshed.settings).removed == 0
    assert kb.search("single sign-on").hits[0].version == 2
    write_articles(refreshed.articles, {"sso-setup": ARTICLES["sso-setup"] + "\nMore.\n"})
    assert refresh(refreshed.settings).changed == 1
    assert kb.search("single sign-on").hits[0].version == 3


def test_an_article_restored_while_its_file_cannot_be_read_keeps_serving(refreshed):
    edit(refreshed, 21)
    (refreshed.articles / "cancel-plan.md").write_bytes(b"caf\xe9")
    refresh(refreshed.settings)
    restore(refreshed.settings, "cancel-plan@1")
    report = refresh(refreshed.settings)
    assert ([item.path for item in report.quarantined], report.removed) == (["cancel-plan.md"], 0)
    assert refunds(refreshed) == (3, "14")


def test_no_more_versions_are_kept_than_the_setting_says(refreshed):
    few = refreshed.settings.model_copy(update={"versions_kept": 2})
    for days in (21, 22, 23, 24):
        write_articles(refreshed.articles, {"cancel-plan": ARTICLES["cancel-plan"].replace("14 days", f"{days} days")})
        refresh(few)
    assert shown(refreshed) == [(5, False, True), (4, True, True), (3, True, True), (2, True, False)]
    assert [(item.first, item.version) for item in history(refreshed.settings, "cancel-plan")][-2:] == [(3, 3), (1, 2)]
    assert KnowledgeBase(refreshed.settings).holds([("cancel-plan", 1), ("cancel-plan", 4)], None)
    with pytest.raises(UserError, match="is no longer kept: restore cancel-plan@4 or cancel-plan@3, or edit") as caught:
        restore(refreshed.settings, "cancel-plan@1")
    assert "\n" not in str(caught.value)
    assert restore(refreshed.settings, "cancel-plan@3") == 6
    assert refunds(refreshed) == (6, "22")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cancel-plan", "names no version"),
        ("@1", "names no version"),
        ("cancel-plan@", "names no version"),
        ("cancel-plan@one", "names no version"),
        ("cancel-plan@²", "names no version"),
        ("cancel-plan@-1", "names no version"),
        ("cancel-plan@" + "9" * 5000, "names no version"),
        ("cancel-plan@1", "serves already"),
        ("cancel-plan@7", "There is no version cancel-plan@7: edit the article"),
        ("nothing@1", "There is no article"),
    ],
)
def test_a_version_that_cannot_be_restored_is_one_sentence(small_store, name, says):
    with pytest.raises(UserError, match=says) as caught:
        restore(small_store.settings, name)
    assert "\n" not in str(caught.value)


def test_the_history_of_an_unknown_article_is_one_sentence(small_store, tmp_path):
    with pytest.raises(UserError, match="no article 'nothing'"):
        history(small_store.settings, "nothing")
    with pytest.raises(UserError, match="no knowledge base"):
        history(small_store.settings.model_copy(update={"store": tmp_path / "none"}), "cancel-plan")
    with pytest.raises(UserError, match="no knowledge base"):
        restore(small_store.settings.model_copy(update={"store": tmp_path / "none"}), "cancel-plan@1")


def test_a_version_of_an_id_with_an_at_sign_is_restored(refreshed):
    for text in ("sings", "hums"):
        write_articles(refreshed.articles, {"odd": f"---\nid: walrus@2\n---\nThe walrus {text}."})
        refresh(refreshed.settings)
    assert restore(refreshed.settings, "walrus@2@1") == 3
    hit = KnowledgeBase(refreshed.settings).search("What does the walrus do?").hits[0]
    assert (hit.article_id, hit.version, hit.text) == ("walrus@2", 3, "The walrus sings.")


def test_nothing_is_restored_into_a_store_of_another_embedding_model(refreshed, tmp_path):
    edit(refreshed, 21)
    with pytest.raises(UserError, match="another embedding model"):
        restore(refreshed.settings.model_copy(update={"embedding_model": str(tmp_path)}), "cancel-plan@1")
    assert refunds(refreshed) == (2, "21")
