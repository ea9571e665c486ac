"""Filters: what an article is for decides who is shown it; an article that does not say is for everybody."""

import pytest

from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.stored import Filters
from tests.conftest import write_help_center

VARIANTS = {
    "all": "",
    "team": "plans: [Team]\n",
    "business": "plans: [Business, Enterprise]\n",
    "desktop": "product: Desktop\n",
    "german": "language: de\n",
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
        (Filters(plan="team"), {"staff", "business"}),
        (Filters(plan="Enterprise"), {"staff", "team"}),
        (Filters(plan="Nobody's"), {"staff", "team", "business"}),
        (Filters(product="DESKTOP"), {"staff"}),
        (Filters(product="Phone"), {"staff", "desktop"}),
        (Filters(language="de"), {"staff", "british"}),
        (Filters(language="en"), {"staff", "german"}),
        (Filters(language="EN-gb"), {"staff", "german"}),
        (Filters(plan="Team", product="Phone", language="fr"), {"staff", "business", "desktop", "german", "british"}),
        (Filters(audience="internal"), set(VARIANTS) - {"staff"}),
        (Filters(plan="' OR 1=1 --"), {"staff", "team", "business"}),
        (Filters(language="%"), {"staff", "german", "british"}),
    ],
)
def test_an_article_is_found_by_those_it_is_for(kettles, filters, left_out):
    found = {hit.article_id for hit in kettles.search("How long does the kettle boil water?", filters=filters, most=10).hits}
    assert found == set(VARIANTS) - left_out


def test_filters_that_leave_few_still_find_what_they_leave(tmp_path):
    """The nearest passages are nearly all of another plan; the one that fits lies beyond the first forty."""
    many = {f"team-{number}": kettle(f"team-{number}", "plans: [Team]\n") for number in range(120)}
    far = {"free": "---\nid: free\ntitle: Parrots\nplans: [Free]\n---\nA parrot eats seeds at noon."}
    place = write_help_center(tmp_path, many | far)
    refresh(place.settings)
    found = KnowledgeBase(place.settings).search("How long does the kettle boil water?", filters=Filters(plan="Free"))
    assert {hit.article_id for hit in found.hits} == {"free"}
