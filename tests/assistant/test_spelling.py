"""Names are found however they are spelled, and nothing else is."""

import pytest

from assistant.spelling import Spellings, fold


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("Ada", "ADA, ada and Ada.", ["ADA", "ada", "Ada"]),
        ("Ada", "Adam and Canada", []),
        ("Kumar", "priya.kumar, priya_kumar-x", ["kumar", "kumar"]),
        ("Kumar", "the Kumars, kumars", ["Kumar", "kumar"]),
        ("Bo", "Bos", []),
        ("O'Brien", "O’Brien OBRIEN o brien", ["O’Brien", "OBRIEN", "o brien"]),
        ("José", "jose Jose\u0301 JOSÉ", ["jose", "Jose\u0301", "JOSÉ"]),
        ("Müller", "mueller muller MÜLLER", ["mueller", "muller", "MÜLLER"]),
        ("Łukasz Øye", "lukasz oye", ["lukasz oye"]),
        ("İnci", "inci INCI ınci", ["inci", "INCI", "ınci"]),
        ("Weiß", "weiss WEISS", ["weiss", "WEISS"]),
        ("Acme Foundry", "acme  foundry, acmefoundry, acme-foundry", ["acme  foundry", "acmefoundry", "acme-foundry"]),
        ("A B", "ab a b", ["a b"]),
        ("李雷", "我是李雷。", ["李雷"]),
        ("김철수", "김철수입니다", ["김철수"]),
        ("기", "김", []),
        ("प्रिया", "मैं प्रिया हूँ", ["प्रिया"]),
        ("Priya", "Pri\u200bya", ["Pri\u200bya"]),
        ("***", "*** ", []),
        ("", "nothing", []),
    ],
)
def test_a_name_is_found_where_it_stands(name, text, found):
    assert [text[begin:end] for begin, end, known in Spellings([name]).find(text) if known == name] == found


def test_of_two_names_the_longer_one_is_found():
    assert [name for _, _, name in Spellings(["Acme", "Acme Foundry", "Foundry"]).find("Acme Foundry of Acme")] == ["Acme Foundry", "Acme"]


@pytest.mark.parametrize("text", ["Ünïcode ŁØ", "ﬁne", "İ", "ß", "김", "’"])
def test_folding_twice_changes_nothing_more(text):
    assert fold(fold(text)) == fold(text)
