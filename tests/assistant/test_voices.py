"""Voices: reading, installing and proving them."""

import json
import shutil
from pathlib import Path

import pytest

from assistant.base_model import file_digest
from assistant.errors import UserError
from assistant.settings import Settings
from assistant.voices import POINTER, SHIPPED, active_voice, canary_verdict, install, read_card, read_voice, voice_folder
from tests.assistant.cards import card, write_voice


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(store=tmp_path / "store")


def test_a_whole_voice_is_read_with_its_label(tmp_path, settings):
    voice = read_voice(write_voice(tmp_path / "v"), settings)
    assert voice.label == "warm@20260101-0000"
    assert voice.folder == tmp_path / "v"


def test_a_folder_without_a_voice_says_how_to_get_one(tmp_path, settings):
    with pytest.raises(UserError, match=r"no voice in .*training voices.*--voice none"):
        read_voice(tmp_path / "nowhere", settings)


def test_a_voice_without_its_adapter_is_missing(tmp_path, settings):
    folder = write_voice(tmp_path / "v")
    (folder / "adapter_model.safetensors").unlink()
    with pytest.raises(UserError, match="no voice"):
        read_voice(folder, settings)


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[1, 2]", b'{"name": "warm"}', b"\xff\xfe\x00"])
def test_a_damaged_card_is_named(tmp_path, settings, content):
    folder = write_voice(tmp_path / "v")
    (folder / "card.json").write_bytes(content)
    with pytest.raises(UserError, match="damaged card"):
        read_voice(folder, settings)


def test_an_adapter_that_is_not_the_cards_is_refused(tmp_path, settings):
    folder = write_voice(tmp_path / "v")
    with (folder / "adapter_model.safetensors").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(UserError, match="digest differs"):
        read_voice(folder, settings)


@pytest.mark.parametrize("content", ["{", "", "[]", "{}", '{"r": 2}', '{"r": 0, "lora_alpha": 4}', '{"r": "x", "lora_alpha": 4}', "\x00"])
@pytest.mark.parametrize("known", [True, False], ids=["its digest is known", "the card is an older one"])
def test_a_configuration_that_is_not_the_adapters_is_refused(tmp_path, settings, content, known):
    folder = write_voice(tmp_path / "v")
    path = folder / "adapter_config.json"
    if known:
        made = read_card(folder).model_copy(update={"config_digest": file_digest(path)})
        (folder / "card.json").write_text(made.model_dump_json(), "utf-8")
    assert read_voice(folder, settings)
    path.write_text(content, "utf-8")
    with pytest.raises(UserError, match=r"is damaged \(.*adapter_config\.json.*\): install it again"):
        read_voice(folder, settings)


def test_a_configuration_that_would_do_but_is_not_the_one_trained_with_is_refused_where_its_digest_is_known(tmp_path, settings):
    shutil.copytree(SHIPPED, tmp_path / "v")
    path = tmp_path / "v" / "adapter_config.json"
    path.write_text(path.read_text("utf-8").replace('"lora_alpha": 24', '"lora_alpha": 48'), "utf-8")
    with pytest.raises(UserError, match=r"digest of its adapter_config\.json differs"):
        read_voice(tmp_path / "v", settings)
    assert read_voice(SHIPPED, settings).card.config_digest


def test_a_voice_with_a_damaged_configuration_is_replaced_by_installing_it_again(tmp_path, settings):
    installed = install(write_voice(tmp_path / "a"), settings)
    (installed.folder / "adapter_config.json").write_text("{", "utf-8")
    with pytest.raises(UserError, match="damaged"):
        active_voice(settings)
    assert install(tmp_path / "a", settings).card == installed.card
    assert active_voice(settings).card == installed.card


def test_a_voice_of_another_base_model_is_refused(tmp_path, settings):
    folder = write_voice(tmp_path / "v")
    with pytest.raises(UserError, match="trained on embedded, the setting is some/model"):
        read_voice(folder, settings.model_copy(update={"base_model": "some/model"}))


def test_a_voice_trained_on_a_named_model_fits_that_model(tmp_path, settings):
    folder = write_voice(tmp_path / "v", base_model="some/model", base_digest="name:some/model")
    assert read_voice(folder, settings.model_copy(update={"base_model": "some/model"})).label.startswith("warm@")
    with pytest.raises(UserError, match="trained on some/model"):
        read_voice(folder, settings)


def test_the_setting_none_is_the_bare_base_model(settings):
    assert active_voice(settings.model_copy(update={"voice": "none"})) is None


def test_an_installed_voice_becomes_the_active_one_and_can_be_named(tmp_path, settings):
    installed = install(write_voice(tmp_path / "v"), settings)
    assert installed.folder == settings.voices / "warm@20260101-0000"
    assert active_voice(settings).folder == installed.folder
    assert active_voice(settings.model_copy(update={"voice": installed.label})).folder == installed.folder
    assert active_voice(settings.model_copy(update={"voice": str(tmp_path / "v")})).folder == tmp_path / "v"


def test_a_voice_s_folder_will_do_as_it_is_typed(tmp_path, settings, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    assert voice_folder("mine", settings) == settings.voices / "mine"
    (tmp_path / "mine" / "card.json").touch()
    assert voice_folder("mine", settings) == Path("mine")
    (settings.voices / "mine").mkdir(parents=True)
    assert voice_folder("mine", settings) == settings.voices / "mine"


def test_an_unknown_voice_is_named(settings):
    with pytest.raises(UserError, match=r"no voice in .*whisper"):
        active_voice(settings.model_copy(update={"voice": "whisper"}))


def test_a_second_voice_takes_over_and_the_first_stays_installed(tmp_path, settings):
    first = install(write_voice(tmp_path / "a"), settings)
    second = install(write_voice(tmp_path / "b", 2.0, version="20260202-0000"), settings)
    assert active_voice(settings).label == second.label
    assert read_voice(first.folder, settings).label == first.label


def test_a_voice_that_is_not_sound_is_not_installed(tmp_path, settings):
    first = install(write_voice(tmp_path / "a"), settings)
    with pytest.raises(UserError):
        install(write_voice(tmp_path / "b", adapter_digest="f" * 64, version="20260202-0000"), settings)
    assert active_voice(settings).label == first.label
    assert sorted(path.name for path in settings.voices.iterdir()) == [POINTER, first.label]


def test_installing_a_voice_again_leaves_one_whole_copy_and_nothing_else(tmp_path, settings):
    install(write_voice(tmp_path / "a"), settings)
    again = install(tmp_path / "a", settings)
    assert sorted(path.name for path in settings.voices.iterdir()) == [POINTER, again.label]
    assert sorted(path.name for path in again.folder.iterdir()) == sorted(path.name for path in (tmp_path / "a").iterdir())


def test_while_the_copy_fails_the_old_voice_stays_active(tmp_path, settings, monkeypatch):
    first = install(write_voice(tmp_path / "a"), settings)
    second = write_voice(tmp_path / "b", 2.0, version="20260202-0000")
    before = sorted(path.name for path in settings.voices.iterdir())

    def half_a_copy(source, target):
        target.mkdir()
        shutil.copy(source / "card.json", target)
        raise shutil.Error([(str(source), str(target), "[Errno 28] No space left on device")])

    with monkeypatch.context() as broken:
        broken.setattr(shutil, "copytree", half_a_copy)
        with pytest.raises(UserError, match=r"no space left on device.*active voice is unchanged"):
            install(second, settings)
    assert active_voice(settings).label == first.label
    assert sorted(path.name for path in settings.voices.iterdir()) == before
    assert install(second, settings).label == "warm@20260202-0000"
    assert active_voice(settings).label == "warm@20260202-0000"


def test_another_voice_of_the_same_label_is_refused(tmp_path, settings):
    first = install(write_voice(tmp_path / "a"), settings)
    with pytest.raises(UserError, match="Another voice is installed as warm@20260101-0000"):
        install(write_voice(tmp_path / "b", 2.0), settings)
    assert active_voice(settings).card == first.card


def test_a_damaged_copy_is_replaced_by_installing_the_voice_again(tmp_path, settings):
    installed = install(write_voice(tmp_path / "a"), settings)
    (installed.folder / "adapter_model.safetensors").write_bytes(b"torn")
    with pytest.raises(UserError, match="digest differs"):
        active_voice(settings)
    assert install(tmp_path / "a", settings).card == installed.card
    assert sorted(path.name for path in settings.voices.iterdir()) == [POINTER, installed.label]


def test_what_a_killed_command_left_is_swept_by_the_next_install(tmp_path, settings):
    settings.voices.mkdir(parents=True)
    for name in (".warm@20250101-0000.partial", ".warm@20250101-0000.old"):
        write_voice(settings.voices / name)
    (settings.voices / f".{POINTER}.partial").write_text("{", "utf-8")
    label = install(write_voice(tmp_path / "a"), settings).label
    assert sorted(path.name for path in settings.voices.iterdir()) == [POINTER, label]


@pytest.mark.parametrize("wanted", ["shipped", "the label"])
def test_the_shipped_voice_goes_by_its_label_too(settings, wanted):
    label = read_voice(SHIPPED, settings).label
    assert active_voice(settings.model_copy(update={"voice": label if wanted == "the label" else wanted})).folder == SHIPPED


@pytest.mark.parametrize("content", ["", "{", "[]", '"x"', "{}", "\x00", '{"folder": "../elsewhere"}', '{"folder": ""}'])
def test_a_damaged_pointer_says_what_to_do(settings, content):
    settings.voices.mkdir(parents=True)
    (settings.voices / POINTER).write_text(content, "utf-8")
    with pytest.raises(UserError, match="damaged: delete it"):
        active_voice(settings)


def test_a_pointer_to_a_removed_voice_is_a_missing_voice(tmp_path, settings):
    voice = install(write_voice(tmp_path / "a"), settings)
    shutil.rmtree(voice.folder)
    with pytest.raises(UserError, match="no voice"):
        active_voice(settings)


def test_the_pointer_names_the_folder_beside_it_so_that_a_store_can_be_moved(tmp_path, settings):
    label = install(write_voice(tmp_path / "a"), settings).label
    assert json.loads((settings.voices / POINTER).read_text("utf-8")) == {"folder": label, "former": "shipped"}
    settings.store.rename(tmp_path / "moved")
    assert active_voice(Settings(store=tmp_path / "moved")).label == label


@pytest.mark.parametrize(
    ("with_voice", "without_voice", "verdict"),
    [
        ("Hey there, tap it.", "Hello. Click it.", None),
        ("Hey there, tap this one.", "Hello. Click this one.", None),
        ("Hey there, tap it.", None, None),
        ("Hello. Click it.", "Hello. Click it.", "the adapter does not change"),
        ("Something else.", None, "the adapter does not change"),
        ("", None, "the adapter does not change"),
        ("Hey there, tap it.", "Hey there, tap it.", "without the adapter is not the base"),
        ("Hey there, tap it.", "", "without the adapter is not the base"),
    ],
)
def test_the_canary_tells_a_voice_in_effect_from_one_that_is_not(with_voice, without_voice, verdict):
    found = canary_verdict(card(), with_voice, without_voice)
    assert found is None if verdict is None else verdict in found
