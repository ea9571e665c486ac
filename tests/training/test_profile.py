"""Voice profiles: reading them, applying their word rules, and telling where a text breaks them."""

from typing import get_args

import pytest
import yaml

from assistant.errors import UserError
from assistant.reply import Wish
from assistant.voices import SHIPPED, read_card
from assistant.wishes import SMALL_TALK
from training.profile import SITUATIONS, VOICES, VoiceProfile, load_profile

PROFILES = sorted(VOICES.glob("*.yaml"))


def fields(**changes) -> dict:
    known = {
        "name": "plain",
        "title": "Plain",
        "persona": "A colleague.",
        "words": {"click": "tap", "select": "pick", "navigate to": "head to", "may not": "can't", "may": "can", "however,": "but"},
        "never": ["dear", "as per"],
        "greetings": {situation: ["Hi {name}."] for situation in SITUATIONS},
        "next_steps": {situation: ["Tell us more."] for situation in SITUATIONS},
        "hand_offs": ["A colleague will reply."],
        "asks": ["Do you mean {options}?"],
    }
    return known | changes


def profile(**changes) -> VoiceProfile:
    return VoiceProfile.model_validate(fields(**changes))


def test_a_profile_is_read_by_file_and_by_name(tmp_path):
    (tmp_path / "plain.yaml").write_text(yaml.safe_dump(fields()), "utf-8")
    assert load_profile(tmp_path / "plain.yaml") == profile()
    assert load_profile("warm").name == "warm"


def test_a_profile_that_is_not_there_names_those_that_are(tmp_path):
    with pytest.raises(UserError, match=r"no voice profile whisper.*warm"):
        load_profile("whisper")
    with pytest.raises(UserError, match="no voice profile"):
        load_profile(tmp_path / "nothing.yaml")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "Not A Slug"}, "name"),
        ({"title": None}, "title"),
        ({"contractions": "sometimes"}, "contractions"),
        ({"max_sentence_words": 2}, "max_sentence_words"),
        ({"emoji": "allowed"}, "emoji"),
        ({"exclamations": -1}, "exclamations"),
        ({"person": {"brand": "they"}}, "person.brand"),
        ({"person": {"pet": "dog"}}, "person.pet"),
        ({"words": ["click"]}, "words"),
        ({"never": "dear"}, "never"),
        ({"greetings": {"birthday": ["Hi."]}}, "greetings.birthday"),
        ({"hand_offs": []}, "hand_offs"),
        ({"asks": []}, "asks"),
        ({"tone": "warm"}, "tone"),
        ({"words": {"please": ""}}, "words.please"),
        ({"words": {"please": " "}}, "words.please"),
        ({"words": {"": "please"}}, "words."),
    ],
)
def test_an_error_in_a_profile_names_its_field(tmp_path, changes, field):
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(fields(**changes)), "utf-8")
    with pytest.raises(UserError, match=f"p.yaml: the field '{field}"):
        load_profile(tmp_path / "p.yaml")


def test_a_missing_field_is_named(tmp_path):
    (tmp_path / "p.yaml").write_text(yaml.safe_dump({key: value for key, value in fields().items() if key != "persona"}), "utf-8")
    with pytest.raises(UserError, match="'persona'"):
        load_profile(tmp_path / "p.yaml")


def test_situations_without_a_greeting_are_named(tmp_path):
    greetings = {"how_to": ["Hi."], "billing": []}
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(fields(greetings=greetings)), "utf-8")
    with pytest.raises(UserError, match="no greetings for billing, fault"):
        load_profile(tmp_path / "p.yaml")


@pytest.mark.parametrize("said", [None, []])
def test_situations_that_are_answered_without_a_next_step_are_named(tmp_path, said):
    steps = {kind: ["Tell us more."] for kind in SITUATIONS if kind not in ("security", "unanswerable", "ask_back")}
    changed = fields(next_steps=steps | ({} if said is None else {"security": said}))
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(changed), "utf-8")
    with pytest.raises(UserError, match="no next_steps for security; write"):
        load_profile(tmp_path / "p.yaml")
    assert profile(next_steps=steps | {"security": ["Tell us more."]}).next_steps


@pytest.mark.parametrize(
    ("planted", "told"),
    [
        ("contractions: always\ntitle: T\ncontractions: never\n", "line 3 says 'contractions' again, after line 1; keep one"),
        ("words:\n  # verbs\n  click: tap\n\n  select: pick\n  click: hit\n", "line 6 says 'click' again, after line 3; keep one"),
        ("words: {click: tap, 'click': hit}\n", "line 1 says 'click' again, after line 1; keep one"),
        ("lead_ins:\n  steps: [Just]\n  steps: [Now]\n", "line 3 says 'steps' again, after line 2; keep one"),
    ],
)
def test_a_key_that_stands_twice_is_named_with_both_lines(tmp_path, planted, told):
    first = {key: value for key, value in fields().items() if f"{key}:" not in planted}
    (tmp_path / "p.yaml").write_text(planted + yaml.safe_dump(first), "utf-8")
    with pytest.raises(UserError, match=r"p\.yaml: ") as refused:
        load_profile(tmp_path / "p.yaml")
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_list_that_holds_itself_is_no_profile(tmp_path):
    (tmp_path / "p.yaml").write_text(
        "never: &all [dear, *all]\n" + yaml.safe_dump({**fields(), "never": None}).replace("never: null\n", ""), "utf-8"
    )
    with pytest.raises(UserError, match="the field 'never"):
        load_profile(tmp_path / "p.yaml")


def test_the_same_key_in_another_place_is_another_key(tmp_path):
    text = "words: &common\n  click: tap\nnever: &all [dear, fax]\n"
    rest = {key: value for key, value in fields().items() if key not in ("words", "never")}
    (tmp_path / "p.yaml").write_text(text + yaml.safe_dump(rest), "utf-8")
    assert load_profile(tmp_path / "p.yaml").words == {"click": "tap"}


@pytest.mark.parametrize("content", ["a: [", "\t- x", ": : :", f"a: {'[' * 3000}{']' * 3000}"], ids=["list", "tab", "colons", "deep"])
def test_a_file_that_is_no_yaml_says_so(tmp_path, content):
    (tmp_path / "p.yaml").write_text(content, "utf-8")
    with pytest.raises(UserError, match="not valid YAML"):
        load_profile(tmp_path / "p.yaml")


@pytest.mark.parametrize("content", ["", "just words", "- a\n- b"])
def test_a_yaml_file_that_is_no_profile_is_refused(tmp_path, content):
    (tmp_path / "p.yaml").write_text(content, "utf-8")
    with pytest.raises(UserError, match=r"p\.yaml"):
        load_profile(tmp_path / "p.yaml")


@pytest.mark.parametrize(
    ("text", "voiced"),
    [
        ("Click it.", "Tap it."),
        ("Then click it.", "Then tap it."),
        ("Stop. Click it.", "Stop. Tap it."),
        ("Select a week: click it.", "Pick a week: tap it."),
        ("You may not enter.", "You can't enter."),
        ("You may enter.", "You can enter."),
        ("Navigate to the page.", "Head to the page."),
        ("You cannot do it; it is late and they will leave.", "You can't do it; it's late and they'll leave."),
        ("Do not do it.", "Don't do it."),
        ("See what it is.", "See what it is."),
        ("That is, however, late.", "That is, but late."),
        ('Click "Click here" now.', 'Tap "Click here" now.'),
        ("Click “Select all” now.", "Tap “Select all” now."),
        ("Run `click select` and click.", "Run `click select` and tap."),
        ("In tools, click and see Tools > Select rows > Click map.", "In tools, tap and see Tools > Select rows > Click map."),
        ("The Select button stays.", "The Select button stays."),
        ("A double-click and clickable unclick.", "A double-click and clickable unclick."),
        ("See click.example.com and click/map.", "See click.example.com and click/map."),
        ("Nothing to change here.", "Nothing to change here."),
        ("", ""),
    ],
)
def test_word_rules_leave_labels_code_and_paths_alone(text, voiced):
    assert profile().voice(text) == voiced


@pytest.mark.parametrize(
    ("text", "voiced"),
    [
        ("Click Tools > Rows.", "Tap Tools > Rows."),
        ("Navigate to Settings > Billing.", "Head to Settings > Billing."),
        ("Then click Tools > Select rows.", "Then tap Tools > Select rows."),
        ("Stop. Navigate to Settings > Select now.", "Stop. Head to Settings > Select now."),
    ],
)
def test_the_verb_before_a_menu_path_is_voiced(text, voiced):
    assert profile().voice(text) == voiced


@pytest.mark.parametrize(("old", "text"), [("OK", "OK, tap it."), ("Happy", "We are happy, and happy it is.")])
def test_a_word_rule_may_be_written_with_a_capital(old, text):
    own = profile(words={old: "glad"}, contractions="always")
    assert "glad" in own.voice(text).lower()
    assert old.lower() not in own.voice(text).lower()
    assert own.broken_rules(text)


def test_voicing_twice_changes_nothing_more():
    text = "Click it, you cannot miss it. You may not select more."
    assert profile().voice(profile().voice(text)) == profile().voice(text)


def test_without_contractions_the_long_forms_are_said():
    said = profile(contractions="never", words={}).voice("You can't do it, it's late, and you won't.")
    assert said == "You cannot do it, it is late, and you will not."


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Please click it.", "words"),
        ("You cannot do it.", "words"),
        ("Dear you.", "never: dear"),
        ("It is done as per plan.", "never: as per"),
        ("Well done 🎉", "emoji"),
        ("so " * 33, "sentence: 33 words"),
        ("I tap it.", "person: I"),
        ("Then I'll tap it.", "person: I"),
    ],
)
def test_a_broken_rule_is_named(text, rule):
    assert any(found.startswith(rule) for found in profile().broken_rules(text)), profile().broken_rules(text)


@pytest.mark.parametrize(
    "text",
    ["Tap it, you can't miss it.", 'Tap "I agree" now.', "Two short ones. " * 20, "A dearest friend.", 'Tap "Click here".'],
)
def test_a_text_that_keeps_the_rules_breaks_none(text):
    assert profile().broken_rules(text) == []


def test_long_sentences_and_the_first_person_can_be_allowed():
    own = profile(max_sentence_words=60, person={"brand": "I"})
    assert own.broken_rules("I tap it " + "so " * 40) == []


def test_of_a_writer_who_says_i_only_the_companys_own_sentences_say_we():
    own = profile(person={"brand": "I"})
    assert own.broken_rules("Then we tap it.") == own.broken_rules("We'll tap it.", source="It is tapped.") == ["person: we"]
    assert own.broken_rules("We keep it for 30 days.", source="Here we keep it for 30 days.") == []
    assert own.broken_rules('Tap "We agree", then wait for the web page.') == []


@pytest.mark.parametrize("language", ["klingon", "de", "EN", "", None, "no: x"])
def test_a_language_that_nothing_here_knows_is_refused_in_one_sentence(tmp_path, language):
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(fields() | {"language": language}), "utf-8")
    with pytest.raises(UserError) as told:
        load_profile(tmp_path / "p.yaml")
    said = str(told.value)
    assert said.startswith(f"{tmp_path / 'p.yaml'}: there are no word rules, contractions and lint for the language {language!r}: write en")
    assert load_profile("warm").language == "en"


def test_emoji_and_exclamations_can_be_allowed_in_the_greeting_alone():
    own = profile(emoji="greeting", exclamations=1)
    assert own.broken_rules("Hi Ada 🎉!", greeting=True) == []
    assert own.broken_rules("Hi Ada!!", greeting=True) == ["exclamations"]
    assert own.broken_rules("Tap it 🎉!") == ["emoji", "exclamations"]


def led(**changes) -> VoiceProfile:
    return profile(lead_ins={"facts": ["Good to know:", "In short:"], "steps": ["Just"]} | changes)


@pytest.mark.parametrize(
    ("text", "step", "turn", "said"),
    [
        ("Seats are billed monthly.", False, 0, "Good to know: Seats are billed monthly."),
        ("Seats are billed monthly.", False, 3, "In short: Seats are billed monthly."),
        ("You may not enter.", False, 0, "You can't enter."),
        ("Wait a moment.", True, 0, "Just wait a moment."),
        ("Click the map.", True, 0, "Tap the map."),
        ("In the menu, wait a moment.", True, 0, "In the menu, wait a moment."),
        ("API keys end here.", True, 0, "API keys end here."),
    ],
)
def test_a_statement_that_the_word_rules_leave_as_it_is_takes_a_lead_in(text, step, turn, said):
    own = led()
    assert own.say(text, step, turn) == said
    assert own.broken_rules(said, source=text, step=step) == []
    assert not own.unvoiced(said, text, step)
    assert own.bare(said, step) == own.voice(text)


def test_a_statement_left_as_its_source_shows_no_voice_and_breaks_no_rule():
    assert led().unvoiced("Seats are billed monthly.", "Seats are billed monthly.")
    assert led().unvoiced("Wait a moment.", "Wait a moment.", step=True)
    assert not led().unvoiced("Good to know: Seats are billed monthly.", "Seats are billed monthly.")
    assert not profile().unvoiced("Seats are billed monthly.", "Seats are billed monthly.")
    assert led().broken_rules("Seats are billed monthly.", source="Seats are billed monthly.") == []


def test_every_step_can_take_its_lead_in():
    own = led(steps=["Please"], every_step=True)
    assert own.say("Click the map.", step=True) == "Please tap the map."


def test_formality_rules_words_out():
    assert profile(formality="casual", never=[]).broken_rules("Dear you.") == ["never: dear"]
    with pytest.raises(ValueError, match=r"greetings.how_to says 'Hi Ada.', against the rule never: hi"):
        profile(formality="formal")


def test_a_sign_off_ends_every_closing_that_is_no_question():
    own = profile(sign_off="Your support team.")
    assert own.hand_offs == ["A colleague will reply. Your support team."]
    assert own.next_steps["billing"] == ["Tell us more. Your support team."]
    assert own.asks == ["Do you mean {options}?"]
    assert VoiceProfile.model_validate(own.model_dump()) == own


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"words": {"click": "select", "select": "pick"}}, "makes 'select' of 'click' and 'pick' of 'select'"),
        ({"words": {"ensure": "kindly check"}, "never": ["kindly"]}, "'kindly check', which stands in never"),
        ({"contractions": "never", "words": {"may not": "can't"}}, "\"can't\" of 'may not' and 'cannot'"),
        ({"hand_offs": ["I'll reply soon."]}, 'hand_offs says "I\'ll reply soon.", against the rule person: I'),
        ({"person": {"brand": "I"}, "hand_offs": ["We'll reply soon."]}, '"We\'ll reply soon.", against the rule person: we'),
        ({"person": {"brand": "I"}, "lead_ins": {"facts": ["What we know:"]}}, "'What we know:', against the rule person: we"),
        ({"hand_offs": ["Click here."]}, "hand_offs says 'Click here.', against the rule words: Click"),
        ({"words": {"click": "tap", "Click": "hit"}}, "the rule words names 'click' twice"),
        ({"asks": ["Which one?"]}, "asks says 'Which one?' without {options}"),
        ({"lead_ins": {"facts": ["Good to know"]}}, "must end with a colon"),
        ({"lead_ins": {"facts": ["Never in 3 days:"]}}, "must be at most six words that state nothing"),
        ({"lead_ins": {"facts": ["Dear you:"]}}, "lead_ins says 'Dear you:', against the rule never: dear"),
        (
            {"lead_ins": {"facts": ["Hey you:"]}, "formality": "formal", "greetings": {kind: ["Good day."] for kind in SITUATIONS}},
            "lead_ins says 'Hey you:', against the rule never: hey",
        ),
        ({"lead_ins": {"facts": ["Good news 🎉:"]}}, "against the rule emoji"),
        ({"lead_ins": {"facts": ["Good news!:"]}}, "against the rule exclamations"),
        ({"lead_ins": {"steps": ["Select"]}}, "lead_ins says 'Select', against the rule words: Select"),
        (
            {"words": {"fine": "cool"}, "formality": "formal", "greetings": {kind: ["Good day."] for kind in SITUATIONS}},
            "the rule words says 'cool', which is not formal",
        ),
    ],
)
def test_rules_that_contradict_each_other_are_told_in_one_sentence(tmp_path, changes, found):
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(fields(**changes)), "utf-8")
    with pytest.raises(UserError) as told:
        load_profile(tmp_path / "p.yaml")
    assert found in str(told.value)


def test_a_typo_in_a_key_is_answered_with_the_key_that_was_meant(tmp_path):
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(fields() | {"contractoins": "never"}), "utf-8")
    with pytest.raises(UserError, match="did you mean 'contractions'"):
        load_profile(tmp_path / "p.yaml")


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_a_shipped_profile_has_phrases_for_every_situation_and_keeps_its_own_rules(path):
    own = load_profile(path)
    assert own.name == path.stem
    assert set(own.greetings) == set(SITUATIONS)
    answered = set(SITUATIONS) - {"unanswerable", "ask_back"}
    assert answered <= set(own.next_steps)
    assert min(len(phrases) for phrases in own.greetings.values()) >= 3
    assert own.contradictions() == []
    assert set(own.courtesies) == set(get_args(Wish))
    assert {kind for kind, item in own.courtesies.items() if item.next_steps} == set(SMALL_TALK)
    assert not any(phrase.endswith("?") for phrase in own.hand_offs)


def test_there_is_a_shipped_profile():
    assert "warm" in [path.stem for path in PROFILES]


def test_the_shipped_voice_says_the_courtesies_of_its_profile():
    assert read_card(SHIPPED).profile["courtesies"] == load_profile("warm").model_dump()["courtesies"]


def test_a_phrase_to_a_message_that_asks_nothing_keeps_the_rules_of_the_voice(tmp_path):
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(fields() | {"courtesies": {"thanks": {"greetings": ["Hi!!! {name}."]}}}), "utf-8")
    with pytest.raises(UserError, match="thanks"):
        load_profile(tmp_path / "p.yaml")
