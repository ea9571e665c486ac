"""Exported voices: what other servers are given, loaded again by the libraries themselves."""

import json
import resource

import pytest

from assistant.base_model import file_digest
from assistant.errors import UserError
from assistant.settings import Settings
from assistant.voices import Voice, read_voice
from tests import tiny
from tests.assistant.cards import card, with_card
from tests.assistant.test_merge import write_gguf
from training.export import export, served_by
from training.verify import verify


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A base model with turns that end otherwise than its texts, a voice on it, and the settings."""
    folder = tmp_path_factory.mktemp("export")
    base = str(tiny.save(folder / "base", template=tiny.TURNS))
    tiny.adapter(folder / "voice", tiny.model(), target_modules=["v_proj", "q_proj", "k_proj"])
    with_card(folder / "voice", base)
    settings = Settings(store=folder / "store", engine="transformers", base_model=base)
    return read_voice(folder / "voice", settings), settings


def test_merged_safetensors_are_a_model_folder_that_transformers_loads_with_the_voice_in_it(made, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    voice, settings = made
    path = export(voice, "safetensors", tmp_path / "out", settings)
    tokenizer = AutoTokenizer.from_pretrained(path)
    assert tokenizer.chat_template == tiny.TURNS
    ends = AutoModelForCausalLM.from_pretrained(path).generation_config.eos_token_id
    assert tokenizer.convert_ids_to_tokens(ends) == ["<end_of_turn>", "<|endoftext|>"]
    assert verify(voice, "safetensors", path, settings) == ["transformers loads it and says what the reference said.", "vLLM was not run."]
    assert served_by(voice, "safetensors", path) == f"vllm serve {path} --served-model-name warm"


def test_the_base_model_itself_does_not_pass_for_the_exported_voice(made):
    voice, settings = made
    with pytest.raises(UserError, match="transformers does not say what the reference said"):
        verify(voice, "safetensors", settings.base_model, settings)


def test_a_peft_folder_is_what_vllm_documents(made, tmp_path):
    voice, settings = made
    path = export(voice, "peft", tmp_path / "out", settings)
    assert sorted(file.name for file in path.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    config = json.loads((path / "adapter_config.json").read_text("utf-8"))
    assert (config["peft_type"], config["r"], config["lora_alpha"], config["bias"]) == ("LORA", 4, 16, "none")
    assert config["target_modules"] == ["k_proj", "q_proj", "v_proj"]
    assert file_digest(path / "adapter_model.safetensors") == voice.card.adapter_digest
    assert verify(voice, "peft", path, settings)[0] == "PEFT loads it and says what the reference said."


def test_the_command_for_vllm_names_the_base_model_the_voice_and_a_rank_that_vllm_takes(tmp_path):
    config = {"base_model_name_or_path": "some/model", "r": 12}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config), "utf-8")
    command = served_by(Voice(folder=tmp_path, card=card()), "peft", tmp_path)
    assert command == f"vllm serve some/model --enable-lora --max-lora-rank 16 --lora-modules warm={tmp_path}"


@pytest.mark.parametrize("changes", [{"use_dora": True}, {"rank_pattern": {"q_proj": 2}}, {"bias": "all"}, {"r": 513}])
def test_an_adapter_that_vllm_would_serve_wrongly_is_refused(made, tmp_path, changes):
    voice, settings = made
    config = json.loads((voice.folder / "adapter_config.json").read_text("utf-8"))
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "adapter_config.json").write_text(json.dumps(config | changes), "utf-8")
    with pytest.raises(UserError, match="export safetensors instead"):
        export(Voice(folder=tmp_path / "odd", card=voice.card), "peft", tmp_path / "out", settings)
    assert [path.name for path in tmp_path.iterdir()] == ["odd"]


def test_a_gguf_file_says_which_template_it_speaks_and_which_token_ends_a_turn(made, tmp_path, monkeypatch):
    from gguf import GGUFReader

    from training import export as module

    voice, settings = made
    write_gguf(tmp_path / "base.gguf", tiny.model())
    monkeypatch.setattr(module, "load_tokenizer", lambda model: tiny.tokenizer(tiny.TURNS))
    path = export(voice, "gguf", tmp_path / "out", settings.model_copy(update={"base_model": str(tmp_path / "base.gguf")}))
    assert path == tmp_path / "out" / f"{voice.label}.gguf"
    reader = GGUFReader(path)
    assert reader.get_field("tokenizer.chat_template").contents() == tiny.TURNS
    end = tiny.tokenizer().convert_tokens_to_ids("<end_of_turn>")
    assert {reader.get_field(f"tokenizer.ggml.{which}_token_id").contents() for which in ("eos", "eot")} == {end}
    assert reader.get_field("general.name").contents() == voice.label
    assert served_by(voice, "gguf", path) == f"llama-server --model {path} --jinja"


def test_gguf_from_another_kind_of_base_model_says_the_way_round(made, tmp_path):
    voice, settings = made
    with pytest.raises(UserError, match=r"export safetensors and convert them with llama\.cpp's"):
        export(voice, "gguf", tmp_path / "out", settings)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_left_alone(made, tmp_path):
    voice, settings = made
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    for taken in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(UserError, match="is there already"):
            export(voice, "peft", taken, settings)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_will_do(made, tmp_path):
    voice, settings = made
    (tmp_path / "out").mkdir()
    assert export(voice, "peft", tmp_path / "out", settings) == tmp_path / "out"


def test_a_place_that_cannot_be_written_is_one_sentence(made, tmp_path):
    voice, settings = made
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(UserError, match="nothing was exported"):
        export(voice, "peft", tmp_path / "file" / "out", settings)


@pytest.mark.parametrize("kind", ["safetensors", "peft"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(made, tmp_path, kind):
    voice, settings = made
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(UserError, match=r"cannot be written \(.*file too large.*\): nothing was exported"):
            export(voice, kind, tmp_path / "out", settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_shipped_voice_as_gguf_is_served_by_openvino_and_by_llama_cpp_where_it_is_installed(tmp_path):
    import importlib.util

    settings = Settings(store=tmp_path / "store", voice="shipped")
    from assistant.voices import active_voice

    voice = active_voice(settings)
    path = export(voice, "gguf", tmp_path / "out", settings)
    said = verify(voice, "gguf", path, settings)
    assert said[0] == "OpenVINO loads it and says what the reference said."
    assert ("was not run" in said[1]) == (importlib.util.find_spec("xllamacpp") is None)
