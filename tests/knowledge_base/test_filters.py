"""Filters: what an article is for decides who is shown it; an article that does not say is for everybody."""

import json

import pytest
from typer.testing import CliRunner

from knowledge_base.cli import app
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.stored import Filters
from tests.conftest import write_help_center

VARIANTS = {
    "all": "",
    "team": "plans: [Team]\n",
    "business": "plans: [Business, Enterprise]\n",
    "large": "plan: Größe L\n",
    "desktop": "product: Desktop\n",
    "handheld": "products: [Tablet, Watch]\n",
    "german": "language: de\n",
    "austrian": "language: de_AT\n",
    "british": "language: en-GB\n",
    "staff": "audience: internal\n",
}


def kettle(name, front):
    return f"---\nid: {name}\ntitle: Boil water {name}\n{front}---\nThe kettle of the {name} edition boils water in {len(name)} minutes."


@pytest.fixture(scope="module")
def kettles(tmp_path_factory):
    place = write_help_center(tmp_path_factory.mktemp("kettles"), {name: kettle(name, front) for name, front in VARIANTS.items()})
    refresh(place.settings)
    return KnowledgeBase(place.settings)


@pytest.mark.parametrize(
    ("filters", "left_out"),
    [
        (Filters(), {"staff"}),
        (Filters(plan="team"), {"staff", "business", "large"}),
        (Filters(plan="Enterprise"), {"staff", "team", "large"}),
        (Filters(plan="Nobody's"), {"staff", "team", "business", "large"}),
        (Filters(plan=" Business "), {"staff", "team", "large"}),
        (Filters(plan="GRÖSSE L"), {"staff", "team", "business"}),
        (Filters(product="DESKTOP"), {"staff", "handheld"}),
        (Filters(product=" watch"), {"staff", "desktop"}),
        (Filters(product="Tab"), {"staff", "desktop", "handheld"}),
        (Filters(product="Phone"), {"staff", "desktop", "handheld"}),
        (Filters(language="de"), {"staff", "british"}),
        (Filters(language="de-AT"), {"staff", "british"}),
        (Filters(language="de_CH"), {"staff", "british", "austrian"}),
        (Filters(language="d"), {"staff", "british", "german", "austrian"}),
        (Filters(language="en"), {"staff", "german", "austrian"}),
        (Filters(language="EN-gb"), {"staff", "german", "austrian"}),
        (
            Filters(plan="Team", product="Phone", language="fr"),
            {"staff", "business", "large", "desktop", "handheld", "german", "austrian", "british"},
        ),
        (Filters(audience="internal"), set(VARIANTS) - {"staff"}),
        (Filters(plan="' OR 1=1 --"), {"staff", "team", "business", "large"}),
        (Filters(language="%"), {"staff", "german", "austrian", "british"}),
    ],
)
def test_an_article_is_found_by_those_it_is_for(kettles, filters, left_out):
    found = {hit.article_id for hit in kettles.search("How long does the kettle boil water?", filters=filters, most=20).hits}
    assert found == set(VARIANTS) - left_out


@pytest.mark.parametrize(
    ("filters", "remark"),
    [
        (Filters(), ""),
        (Filters(plan="team ", product="watch", language="en"), ""),
        (Filters(language="de-CH"), ""),
        (Filters(plan="Gold"), "No article names the plan 'Gold': only those that name no plan are searched."),
        (Filters(product="Tab"), "No article names the product 'Tab': only those that name no product are searched."),
        (Filters(language="fr"), "No article names the language 'fr': only those that name no language are searched."),
        (Filters("internal", plan="team"), "No article names the plan 'team': only those that name no plan are searched."),
    ],
)
def test_a_filter_that_no_article_names_is_remarked(kettles, filters, remark):
    assert kettles.unnamed(filters) == remark


def test_the_remark_stands_beside_the_results(kettles):
    found = CliRunner().invoke(app, ["search", "kettle", "--store", str(kettles.settings.store), "--plan", "Gold", "--json"])
    assert found.stderr == "No article names the plan 'Gold': only those that name no plan are searched.\n"
    assert json.loads(found.stdout)["hits"]


def test_filters_that_leave_few_still_find_what_they_leave(tmp_path):
    """The nearest passages are nearly all of another plan; the one that fits lies beyond the first forty."""
    many = {f"team-{number}": kettle(f"team-{number}", "plans: [Team]\n") for number in range(120)}
    far = {"free": "---\nid: free\ntitle: Parrots\nplans: [Free]\n---\nA parrot eats seeds at noon."}
    place = write_help_center(tmp_path, many | far)
    refresh(place.settings)
    found = KnowledgeBase(place.settings).search("How long does the kettle boil water?", filters=Filters(plan="Free"))
    assert {hit.article_id for hit in found.hits} == {"free"}


def test_a_field_that_says_whose_product_a_customer_has_is_no_value_that_an_answer_depends_on(tmp_path):
    customers = [
        {"customer_id": name, "brand": brand, "tier": tier}
        for name, brand, tier in (("A-1", "Desktop", "gold"), ("A-2", "Watch", "silver"), ("A-3", "Tablet", "gold"))
    ]
    place = write_help_center(tmp_path, {name: kettle(name, VARIANTS[name]) for name in ("desktop", "handheld")}, customers)
    refresh(place.settings)
    assert KnowledgeBase(place.settings).field_values() == {"tier": [frozenset({"gold"}), frozenset({"silv"})]}
