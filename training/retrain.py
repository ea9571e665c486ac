"""Retrain: from a voice profile to a voice version, linted, trained, tried and packed with its card."""

import dataclasses
import datetime
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assistant.base_model import EMBEDDED_NAME, base_digest, embedded_gguf, file_digest, load_model, load_tokenizer
from assistant.engines import CANARY_TOKENS, messages
from assistant.errors import UserError
from assistant.fast_engine import OpenVINOChat
from assistant.merge import merge
from assistant.prompt import Prompt, render
from assistant.reference_engine import TransformersChat
from assistant.settings import Settings
from assistant.voices import Canary, Card, Voice, read_voice
from knowledge_base.plan import live_articles
from training import dataset
from training.finetune import Progress, Recipe, finetune, save_adapter
from training.lessons import LESSONS, read_lessons, read_replies
from training.lint import BadReply, Finding, lint, lint_replies
from training.profile import VOICES, VoiceProfile
from training.trial import trial

PRODUCT_NAMES = ("Tallybird",)
TRIAL_LESSONS = 40


def findings(profile: VoiceProfile, settings: Settings) -> list[Finding | BadReply]:
    """What is wrong with a profile's training set: live facts, and example replies that are not sound."""
    replies = VOICES / f"{profile.name}.replies.jsonl"
    files = [*sorted(LESSONS.glob("*.jsonl")), *([replies] if replies.is_file() else [])]
    found: list[Finding | BadReply] = list(lint(files, live_articles(settings.articles), PRODUCT_NAMES))
    if replies.is_file():
        found += lint_replies(profile, read_lessons(), read_replies(replies))
    return found


def lint_training_set(profile: VoiceProfile, settings: Settings) -> None:
    """Refuse a training set that would teach a live fact, or whose example replies are not sound.

    Raises:
        UserError: names the first finding and how many there are.
    """
    if found := findings(profile, settings):
        more = f" and {len(found) - 1} more; `python -m training lint` lists them" if len(found) > 1 else ""
        kind = "would teach a live fact" if isinstance(found[0], Finding) else "has an example reply that is not sound"
        raise UserError(f"The training set {kind}: {found[0]}{more}; reword the line.")


def retrain(
    profile: VoiceProfile,
    settings: Settings,
    recipe: Recipe,
    folder: Path,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Voice:
    """Train a voice and pack it into a folder.

    Args:
        profile: how the brand speaks.
        settings: name the base model and the live articles for the lint.
        recipe: how to train.
        folder: where the finished voice goes; it appears whole or not at all.
        report: called after each step.

    Raises:
        UserError: the lint found a live fact, or a model or lesson is not sound.
    """
    lint_training_set(profile, settings)
    examples, held_out = dataset.training_set(profile)
    tokenizer = load_tokenizer(settings.base_model)
    peft_model, progress = finetune(load_model(settings.base_model), tokenizer, examples, recipe, report)
    with tempfile.TemporaryDirectory(dir=_parent(folder)) as work:
        draft = Path(work) / "voice"
        save_adapter(peft_model, draft, EMBEDDED_NAME if settings.base_model == "embedded" else settings.base_model)
        pack(draft, profile, settings, recipe, dataset.digest(examples), len(examples), progress, held_out)
        replace(draft, folder)
    return read_voice(folder, settings)


def pack(
    draft: Path,
    profile: VoiceProfile,
    settings: Settings,
    recipe: Recipe,
    data_digest: str,
    examples: int,
    progress: Progress,
    held_out: list[Any],
) -> None:
    """Try the adapter in ``draft`` on held-out lessons and write its card beside it."""
    engine = TransformersChat(model=settings.base_model, adapter=draft, threads=settings.threads)
    tried = random.Random(0).sample(held_out, min(TRIAL_LESSONS, len(held_out)))
    base = TransformersChat(model=settings.base_model, threads=settings.threads)
    probe = render(held_out[0].brief())
    card = Card(
        name=profile.name,
        version=datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M"),
        profile=profile.model_dump(),
        base_model=settings.base_model,
        base_digest=base_digest(settings.base_model),
        adapter_digest=file_digest(draft / "adapter_model.safetensors"),
        data_digest=data_digest,
        recipe=dataclasses.asdict(recipe),
        examples=examples,
        trained_seconds=round(progress.seconds, 1),
        losses=[round(loss, 4) for loss in progress.losses],
        scores=_try(engine, draft, settings, tried, profile),
        canary=Canary(
            system=probe.system,
            user=probe.user,
            with_voice=_say(engine, probe),
            without_voice=_say(base, probe),
        ),
    )
    (draft / "card.json").write_text(card.model_dump_json(indent=1) + "\n", "utf-8")


def _try(engine: TransformersChat, draft: Path, settings: Settings, lessons: list[Any], profile: VoiceProfile) -> dict[str, float]:
    """The trial's scores, by the fast engine where it serves this model."""
    if settings.engine != "openvino" or settings.base_model != "embedded":
        return trial(engine, lessons, profile)
    with tempfile.TemporaryDirectory() as work:
        merged = Path(work) / "merged.gguf"
        merge(embedded_gguf(), draft, merged)
        return trial(OpenVINOChat(model=merged, threads=settings.threads), lessons, profile)


def _say(engine: TransformersChat, prompt: Prompt) -> str:
    return str(engine.invoke(messages(prompt), max_tokens=CANARY_TOKENS).content)


def replace(draft: Path, folder: Path) -> None:
    """Put a finished voice in a folder's place."""
    old = folder.with_name(f".{folder.name}.old")
    if folder.exists():
        folder.rename(old)
    draft.rename(folder)
    for path in old.glob("*") if old.exists() else []:
        path.unlink()
    if old.exists():
        old.rmdir()


def _parent(folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder.parent
