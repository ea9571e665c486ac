"""Tiny models and tokenizers with random weights, made in a second, for tests of what works on any causal LM."""

import json
from pathlib import Path
from typing import Any

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TURNS = (
    "{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n{{ m['content'] }}"
    "<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
BARE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
LLAMA3 = (
    "<bos>{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n{{ m['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
GEMMA = (
    "<bos>{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n{{ m['content'] | trim }}"
    "<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
MISTRAL = (
    "<bos>{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]{% else %}{{ m['content'] }}</s>{% endif %}{% endfor %}"
)
PHI3 = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
END = {
    CHATML: "<|im_end|>", TURNS: "<end_of_turn>", BARE: "<|endoftext|>",
    LLAMA3: "<|eot_id|>", GEMMA: "<end_of_turn>", MISTRAL: "</s>", PHI3: "<|end|>",
}  # fmt: skip
SPECIAL = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<start_of_turn>", "<end_of_turn>", "<bos>", "<|start_header_id|>", "<|end_header_id|>",
    "<|eot_id|>", "[INST]", "[/INST]", "</s>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>",
]  # fmt: skip
FAMILIES = {"llama": LLAMA3, "qwen3": CHATML, "gemma3": GEMMA, "mistral": MISTRAL, "phi3": PHI3}
"""Families of base models, each with the chat template that such models come with."""


def tokenizer(template: str = CHATML) -> Any:
    """A byte-level tokenizer of 256 letters and a few special tokens, with this chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate(letters)}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(SPECIAL)
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token=SPECIAL[0],
        pad_token=SPECIAL[0],
        additional_special_tokens=SPECIAL[1:],
        chat_template=template,
    )


def config(family: str = "llama", **changes: Any) -> Any:
    """A configuration of 2 layers and 4 heads over 64 dimensions."""
    import transformers

    fields: dict[str, Any] = {
        "vocab_size": 256 + len(SPECIAL),
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "initializer_range": 0.2,
        "bos_token_id": 256,
        "eos_token_id": 256,
        "pad_token_id": 256,
    }
    kinds = {
        "llama": transformers.LlamaConfig, "mistral": transformers.MistralConfig, "phi3": transformers.Phi3Config,
        "qwen2": transformers.Qwen2Config, "qwen3": transformers.Qwen3Config,
        "gemma2": transformers.Gemma2Config, "gemma3": transformers.Gemma3TextConfig,
        "cohere": transformers.CohereConfig, "granite": transformers.GraniteConfig,
    }  # fmt: skip
    more: dict[str, Any] = {
        "qwen3": {"head_dim": 16},
        "gemma2": {"head_dim": 16, "query_pre_attn_scalar": 16},
        "gemma3": {"head_dim": 16, "query_pre_attn_scalar": 16},
        "granite": {"logits_scaling": 4.0},
    }
    return kinds[family](**(fields | more.get(family, {}) | changes))


def model(family: str = "llama", seed: int = 0, **changes: Any) -> Any:
    """A model of random weights; so small that a second thread would only be in its way."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(config(family, **changes)).eval()


def save(folder: Path, family: str = "llama", template: str = CHATML, **changes: Any) -> Path:
    """A model folder as a hub would give it."""
    model(family, **changes).save_pretrained(folder)
    tokenizer(template).save_pretrained(folder)
    return folder


def adapter(folder: Path, base: Any, rank: int = 4, alpha: int = 16, seed: int = 1, **changes: Any) -> Any:
    """A LoRA adapter of random weights on all projections, saved; returns the PEFT model."""
    import torch
    from peft import LoraConfig, get_peft_model

    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    peft_model = get_peft_model(base, LoraConfig(**({"r": rank, "lora_alpha": alpha, "target_modules": targets} | changes)))
    torch.manual_seed(seed)
    for name, weight in peft_model.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.05)
    peft_model.save_pretrained(folder)
    return peft_model


def read_config(folder: Path) -> dict[str, Any]:
    """The PEFT configuration of an adapter's folder."""
    return dict(json.loads((folder / "adapter_config.json").read_text("utf-8")))


def embedder(folder: Path, dimension: int = 24) -> Path:
    """A sentence-transformers model of random word vectors, saved as a folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding

    torch.manual_seed(dimension)
    SentenceTransformer(modules=[StaticEmbedding(tokenizer()._tokenizer, embedding_dim=dimension)], device="cpu").save(str(folder))
    return folder


def cross_encoder(folder: Path, outputs: int = 1, seed: int = 0) -> Path:
    """A folder with a cross-encoder of random weights that reads letters."""
    import string

    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    letters = [*string.ascii_lowercase, *string.digits, *".,?!"]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt"), model_max_length=256).save_pretrained(folder)
    torch.manual_seed(seed)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
    configuration = BertConfig(vocab_size=len(vocabulary), max_position_embeddings=256, num_labels=outputs, initializer_range=0.5, **sizes)
    BertForSequenceClassification(configuration).eval().save_pretrained(folder)
    return folder
