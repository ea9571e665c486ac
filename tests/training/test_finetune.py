"""Fine-tuning on tiny random models of several families: it learns, it is packed as PEFT, and it serves."""

import json
import math

import pytest
import torch
from safetensors.torch import load_file

from assistant.chat_template import end_of_turn
from assistant.engines import messages
from assistant.errors import UserError
from assistant.prompt import Prompt, render
from assistant.reference_engine import TransformersChat
from assistant.reply import LINE_TEXT, Brief, Evidence, grammar, parse
from tests import tiny
from training.adapter import adapted, save_adapter
from training.dataset import Example
from training.finetune import Progress, Recipe, _batches, _loss, encode, finetune, voice_weights

RECIPE = Recipe(rank=8, alpha=16, layers=1.0, learning_rate=1e-2, lora_plus=1.0, batch=4, epochs=15.0)
BRIEF = Brief("how", evidence=(Evidence("1", "Click it."), Evidence("c1", "It is on.")))


def examples(count: int = 8) -> list[Example]:
    return [Example(f"l{n}", Prompt("Be kind.", f"q {n}"), "Hey hey hey.\nNext: Tap tap.") for n in range(count)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A tiny Llama's folder, its voice, and what training reported."""
    folder = tmp_path_factory.mktemp("finetune")
    base = tiny.save(folder / "base")
    seen: list[tuple[int, float]] = []
    peft_model, progress = finetune(tiny.model(), tiny.tokenizer(), examples(), RECIPE, lambda step: seen.append((step.step, step.loss)))
    save_adapter(peft_model, folder / "voice")
    return folder, base, progress, seen


@pytest.mark.parametrize("template", tiny.END)
def test_the_end_of_turn_is_the_token_that_the_chat_template_puts_there(template):
    tokenizer = tiny.tokenizer(template)
    assert tokenizer.convert_ids_to_tokens(end_of_turn(tokenizer)) == tiny.END[template]


@pytest.mark.parametrize("template", [tiny.CHATML, tiny.TURNS, tiny.LLAMA3, tiny.PHI3])
def test_an_example_is_encoded_as_the_engine_will_prompt_and_as_the_template_will_end_it(tmp_path, template):
    tokenizer = tiny.tokenizer(template)
    (example,) = examples(1)
    prompt, reply = encode(tokenizer, example)
    whole = tokenizer.apply_chat_template([*example.prompt.messages(), {"role": "assistant", "content": example.reply}], tokenize=False)
    assert tokenizer.decode([*prompt, *reply]) == whole.rstrip("\n")
    engine = TransformersChat(model=str(tiny.save(tmp_path / "base", template=template)))
    assert engine.token_ids(engine.prompt_text(messages(example.prompt))) == prompt


def test_the_loss_falls_and_every_step_is_reported(trained):
    _, _, progress, seen = trained
    assert len(progress.losses) == progress.steps == progress.step == 30
    assert seen == list(enumerate(progress.losses, 1))
    assert all(math.isfinite(loss) for loss in progress.losses)
    assert sum(progress.losses[-3:]) < 0.1 * sum(progress.losses[:3])
    assert progress.tokens == 15 * sum(len(a) + len(b) for a, b in (encode(tiny.tokenizer(), item) for item in examples()))


@pytest.mark.parametrize("template", [tiny.GEMMA, tiny.MISTRAL])
def test_where_a_template_refuses_a_system_turn_its_text_stands_before_the_users(tmp_path, template):
    tokenizer = tiny.tokenizer(template)
    (example,) = examples(1)
    prompt, reply = encode(tokenizer, example)
    turns = [{"role": "user", "content": "Be kind.\n\nq 0"}, {"role": "assistant", "content": example.reply}]
    assert tokenizer.decode([*prompt, *reply]) == tokenizer.apply_chat_template(turns, tokenize=False).rstrip("\n")
    engine = TransformersChat(model=str(tiny.save(tmp_path / "base", template=template)))
    assert engine.token_ids(engine.prompt_text(messages(example.prompt))) == prompt


def test_where_a_template_leaves_a_system_turn_out_its_text_stands_before_the_users():
    silent = tiny.TURNS.replace("for m in messages", "for m in messages if m['role'] != 'system'")
    (example,) = examples(1)
    assert (
        tiny.tokenizer().decode(encode(tiny.tokenizer(silent), example)[0]).startswith("<start_of_turn>user\nBe kind.\n\nq 0<end_of_turn>")
    )


@pytest.mark.parametrize("family", ["qwen2", "gemma2"])
def test_another_architecture_learns_by_the_same_code(family, tmp_path):
    model = tiny.model(family)
    peft_model, progress = finetune(model, tiny.tokenizer(tiny.TURNS), examples(), RECIPE)
    assert sum(progress.losses[-3:]) < 0.1 * sum(progress.losses[:3])
    save_adapter(peft_model, tmp_path / "voice")
    assert any("q_proj" in name for name in load_file(tmp_path / "voice" / "adapter_model.safetensors"))


@pytest.mark.parametrize("family", ["llama", "qwen3", "gemma3", "mistral", "phi3", "cohere", "granite"])
def test_the_first_loss_is_that_of_transformers_over_the_reply_alone(family):
    model, tokenizer = tiny.model(family), tiny.tokenizer()
    batch = [encode(tokenizer, example) for example in [*examples(2), Example("x", Prompt("s", "longer question"), "Hi.\nNext: Go.")]]
    expected, count = 0.0, 0
    for prompt, reply in batch:
        labels = torch.tensor([[-100] * len(prompt) + reply])
        loss = model(input_ids=torch.tensor([prompt + reply]), labels=labels).loss
        expected, count = expected + float(loss.detach()) * len(reply), count + len(reply)
    assert float(_loss(adapted(model, RECIPE), batch, 256, voice_weights(batch, 1.0)).detach()) == pytest.approx(expected / count, rel=1e-4)


def test_a_soft_cap_on_the_logits_is_applied_as_in_the_model_itself():
    model, tokenizer = tiny.model("gemma2", final_logit_softcapping=0.5), tiny.tokenizer(tiny.TURNS)
    prompt, reply = encode(tokenizer, examples(1)[0])
    labels = torch.tensor([[-100] * len(prompt) + reply])
    expected = float(model(input_ids=torch.tensor([prompt + reply]), labels=labels).loss.detach())
    assert float(_loss(adapted(model, RECIPE), [(prompt, reply)], 256, voice_weights([(prompt, reply)], 1.0)).detach()) == pytest.approx(
        expected, rel=1e-4
    )


def test_training_leaves_the_base_weights_alone_and_adapts_the_upper_layers_only():
    model = tiny.model()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    peft_model, _ = finetune(model, tiny.tokenizer(), examples(4), Recipe(layers=0.5, epochs=1.0, learning_rate=1e-2, lora_plus=1.0))
    after = {name.replace(".base_layer", ""): weight for name, weight in peft_model.get_base_model().state_dict().items()}
    assert all(torch.equal(weight, after[name]) for name, weight in before.items())
    assert {name.split(".layers.")[1][0] for name, _ in peft_model.named_parameters() if "lora_" in name} == {"1"}


@pytest.mark.parametrize(("family", "modules"), [("llama", 7), ("phi3", 4)])
def test_every_projection_of_a_layer_is_adapted_by_whatever_name(family, modules):
    names = {
        name.split(".lora_")[0].rsplit(".", 1)[-1] for name, _ in adapted(tiny.model(family), RECIPE).named_parameters() if "lora_" in name
    }
    assert len(names) == modules


def test_the_same_seed_trains_the_same_adapter_and_another_seed_another():
    recipe = Recipe(layers=1.0, epochs=1.0, learning_rate=1e-2, lora_plus=1.0)

    def losses(seed: int) -> list[float]:
        return finetune(tiny.model(), tiny.tokenizer(), examples(4), Recipe(**(recipe.__dict__ | {"seed": seed})))[1].losses

    assert losses(0) == losses(0)
    assert Progress(0, 1, 0.0, 0.0, 0).losses == []
    a = adapted(tiny.model(), recipe).state_dict()
    b = adapted(tiny.model(), Recipe(layers=1.0, seed=5)).state_dict()
    assert any("lora_A" in name and a[name].shape == b[name].shape and not torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize(("epochs", "batches"), [(1.0, 3), (2.0, 6), (1.34, 4), (0.01, 1)])
def test_epochs_may_be_broken_and_each_whole_one_shows_every_example_once(epochs, batches):
    import random

    encoded = [([number], [number]) for number in range(10)]
    cut = _batches(encoded, Recipe(batch=4, epochs=epochs), random.Random(0))
    assert len(cut) == batches
    if epochs >= 1:
        assert sorted(pair[0][0] for batch in cut[:3] for pair in batch) == list(range(10))


def test_the_adapter_is_a_peft_folder_in_half_precision(trained):
    folder, _, _, _ = trained
    assert sorted(path.name for path in (folder / "voice").iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    weights = load_file(folder / "voice" / "adapter_model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.float16}
    assert len(weights) == 2 * 7 * 2
    config = tiny.read_config(folder / "voice")
    assert (config["peft_type"], config["r"], config["lora_alpha"], config["task_type"]) == ("LORA", 8, 16, "CAUSAL_LM")


def test_the_adapter_changes_what_the_reference_engine_says_and_the_base_stays_as_it_was(trained):
    folder, base, _, _ = trained
    asked = messages(Prompt("Be kind.", "q 3"))
    before = TransformersChat(model=str(base)).invoke(asked, max_tokens=30).content
    voiced = TransformersChat(model=str(base), adapter=folder / "voice").invoke(asked, max_tokens=30).content
    assert voiced != before
    assert voiced == "Hey hey hey.\nNext: Tap tap."
    assert TransformersChat(model=str(base)).invoke(asked, max_tokens=30).content == before


def test_the_reference_engine_streams_what_it_says_and_counts_its_tokens(trained):
    folder, base, _, _ = trained
    engine = TransformersChat(model=str(base), adapter=folder / "voice")
    asked = messages(Prompt("Be kind.", "q 3"))
    chunks = list(engine.stream(asked, max_tokens=20))
    assert "".join(str(chunk.content) for chunk in chunks) == engine.invoke(asked, max_tokens=20).content
    usage = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    assert usage[-1]["input_tokens"] == engine.get_num_tokens(engine.prompt_text(asked))


@pytest.mark.parametrize(("family", "template"), tiny.FAMILIES.items())
def test_prompts_side_by_side_get_what_each_gets_alone(tmp_path, family, template):
    engine = TransformersChat(model=str(tiny.save(tmp_path / "base", family, template=template)))
    asked = [messages(Prompt("Be kind.", "word " * length)) for length in (1, 40, 7)]
    alone = [str(engine.invoke(item, max_tokens=12).content) for item in asked]
    assert len(set(alone)) > 1 or family == "gemma3"
    assert [str(reply.content) for reply in engine.batch(asked, max_tokens=12)] == alone
    assert engine.batch([], max_tokens=12) == []


def test_a_grammar_binds_what_the_reference_engine_says(trained):
    _, base, _, _ = trained
    engine = TransformersChat(model=str(base))
    asked = messages(render(BRIEF))
    free = str(engine.invoke(asked, max_tokens=40, seed=1).content)
    assert not free.startswith("[1] ")
    fixed = str(engine.invoke(asked, max_tokens=60, seed=1, grammar=r"Yes\. \[c1\] Click it\.(a|b){3}").content)
    assert fixed[:-3] == "Yes. [c1] Click it."
    assert set(fixed[-3:]) <= {"a", "b"}


def test_a_request_grammar_makes_even_a_random_model_cite_the_evidence_in_order(trained):
    _, base, _, _ = trained
    engine = TransformersChat(model=str(base))
    rules = grammar(BRIEF, select=True)
    assert LINE_TEXT in rules
    rules = rules.replace(LINE_TEXT, r"[a-z]{2,5}\.")
    reply = parse(str(engine.invoke(messages(render(BRIEF)), max_tokens=80, seed=2, grammar=rules).content), "answer")
    assert [(statement.sources, statement.text) for statement in reply.answer] == [(["1"], "Click it."), (["c1"], "It is on.")]


def test_a_voice_of_another_size_is_refused_in_one_sentence(trained, tmp_path):
    folder, _, _, _ = trained
    other = tiny.save(tmp_path / "other", hidden_size=128)
    with pytest.raises(UserError, match="cannot be loaded"):
        TransformersChat(model=str(other), adapter=folder / "voice")


def test_a_model_without_a_chat_template_is_refused(tmp_path):
    folder = tiny.save(tmp_path / "base")
    for path in folder.glob("chat_template*"):
        path.unlink()
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    config.pop("chat_template", None)
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(UserError, match="no chat template"):
        TransformersChat(model=str(folder))


def test_a_model_that_is_not_there_says_what_to_set(tmp_path):
    with pytest.raises(UserError, match="DESK_BASE_MODEL"):
        TransformersChat(model=str(tmp_path / "nothing"))


def test_a_token_counts_more_where_it_does_not_follow_on_the_one_before_it_in_the_prompt():
    prompt, reply = [1, 2, 3, 4, 5], [2, 3, 7, 4]
    assert voice_weights([(prompt, reply)], 2.5) == [[2.5, 1.0, 2.5, 2.5]]
    assert voice_weights([(prompt, reply)], 1.0) == [[1.0] * 4]
