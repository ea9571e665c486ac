"""Retrain: from a voice profile to an installed voice: linted, trained, tried, gated; or a report of why not."""

import dataclasses
import datetime
import hashlib
import json
import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.base_model import EMBEDDED_NAME, base_digest, file_digest, load_model, load_tokenizer
from assistant.engines import CANARY_TOKENS, load_engine, messages
from assistant.errors import UserError
from assistant.prompt import Prompt, render
from assistant.reference_engine import TransformersChat
from assistant.settings import Settings
from assistant.voices import ADAPTER, CONFIG, SHIPPED, Canary, Card, Voice, active_voice, install, read_voice
from knowledge_base.listings import live_articles
from training import dataset, evaluation, probes
from training.active import SAMPLES, active_samples, installed
from training.adapter import save_adapter
from training.classifier import VoiceClassifier
from training.finetune import Progress, Recipe, Run, finetune, main_process
from training.gate import Finding, Trial, gate
from training.lessons import (
    LESSONS,
    REPLIES,
    Lesson,
    VoicedReply,
    approved_folder,
    approved_lessons,
    read_lessons,
    read_replies,
)
from training.lint import lint_rehearsed, lint_replies, lint_training_set
from training.machine import give_back
from training.manifest import manifest, write_manifest
from training.profile import VOICES, VoiceProfile, load_profile, profile_file
from training.report import write_report
from training.scores import of_trial

LOOKED_AT = 16
"""Held-out examples on which the loss is looked at while training."""
MOST_ROUNDS = 4
"""In how many ways the lessons are said at most; further passes repeat them."""
Tell = Callable[[str, int, int], None]
"""Told what is being done, and how far: (what, done, of how many)."""


@dataclass(frozen=True)
class Order:
    """What to retrain."""

    profile: VoiceProfile
    replies: Sequence[VoicedReply]
    recipe: Recipe
    start: Literal["base", "shipped", "active"] | None = None
    """Whose adapter to go on from; by default the shipped voice's where it was trained on this base model, else none."""
    hours: float | None = None
    lessons: Path = LESSONS
    """Folder of the lessons, with the list of products held out."""

    def __post_init__(self) -> None:
        """Refuse what would train on nothing.

        Raises:
            UserError: says which option is wrong.
        """
        if not 0 < self.recipe.epochs < math.inf:
            raise UserError(f"There is nothing to train in {self.recipe.epochs:g} epochs: give --epochs a number above 0.")
        if self.hours is not None and not self.hours > 0:
            raise UserError(f"There is nothing to train in {self.hours:g} hours: give --hours a number above 0.")


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    voice: Voice
    trial: Trial
    refused: list[Finding]
    report: Path
    progress: Progress


def retrain(
    order: Order,
    settings: Settings,
    step: Callable[[Progress], None] = lambda progress: None,
    tell: Tell = lambda what, done, of: None,
    out: Path | None = None,
) -> Outcome | None:
    """Train a voice, try it beside the active one, and install it where the gate lets it pass.

    Interrupted at any moment, the active voice is untouched, and the same order goes on from the last checkpoint.

    Args:
        order: what to retrain.
        settings: name the base model, the live articles for the lint, and where voices are installed.
        step: called after each training step.
        tell: called as the other stages go on.
        out: write the voice to this folder instead of installing it; the gate's verdict is reported all the same.

    Returns:
        what came of it; None in a process that only helped another to train.

    Raises:
        UserError: the training set is not sound, a model cannot be loaded, or the disk is full.
    """
    if out and out.exists() and not (out / "card.json").is_file():
        raise UserError(f"{out} exists and holds no voice: name a new folder, or one that a voice may be replaced in.")
    tell("linting", 0, 1)
    approved = approved_lessons(settings.store)
    live = lint_training_set(order.profile, order.replies, settings, order.lessons, approved)
    train, held_out = dataset.split([*read_lessons(order.lessons), *approved], order.lessons)
    examples = dataset.build(order.profile, train, list(order.replies), rounds=_rounds(order.recipe))
    known = _all_voices(order)
    tell("asking the base model", 0, 1)
    rehearsed = probes.rehearsal(load_engine(settings, None))
    lint_rehearsed(rehearsed, live)
    examples += rehearsed * _rounds(order.recipe)
    start = _start(order, settings)
    work = settings.store / "training" / f"{order.profile.name}-{_key(order, settings, examples, start)}"
    with _disk(work):
        draft = work / "voice"
        progress = _trained(order, settings, examples, held_out, Run(start=start, checkpoints=work, hours=order.hours), draft, step)
        if not main_process():
            return None
        give_back()
        tell("writing the card", 0, 1)
        _write_card(draft, order, settings, examples, progress, held_out[0])
        write_manifest(draft, manifest(train, order.replies, rehearsed))
        give_back()
        voice = read_voice(draft, settings)
        trial = try_voice(voice, order, settings, VoiceClassifier(known, train), held_out, tell)
        before, alone = _before(settings, held_out, out or draft, tell)
        refused = [*alone, *gate(trial, before)]
        _write_scores(draft, trial)
        voice = read_voice(draft, settings)
        report = write_report(draft / "report.html", voice, trial, before, refused, progress)
        if out:
            _replace(out, draft)
            voice, report = read_voice(out, settings), out / report.name
        elif not refused:
            voice = install(draft, settings)
            report = voice.folder / report.name
        if out or not refused:
            shutil.rmtree(work)
    return Outcome(voice, trial, refused, report, progress)


def _trained(
    order: Order, settings: Settings, examples: list[dataset.Example], held_out: list[Lesson], run: Run, draft: Path,
    step: Callable[[Progress], None],
) -> Progress:  # fmt: skip
    """Train, and write the adapter to ``draft``."""
    looked_at = dataset.build(order.profile, held_out[:: max(1, len(held_out) // LOOKED_AT)], [])
    model = load_model(settings.base_model, quantize=order.recipe.quantize)
    recipe = dataclasses.replace(order.recipe, epochs=order.recipe.epochs / _rounds(order.recipe))
    peft_model, progress = finetune(
        model, load_tokenizer(settings.base_model), examples, recipe, step, dataclasses.replace(run, held_out=looked_at)
    )
    if main_process():
        shutil.rmtree(draft, ignore_errors=True)
        save_adapter(peft_model, draft, EMBEDDED_NAME if settings.base_model == "embedded" else settings.base_model)
    return progress


def try_voice(voice: Voice, order: Order, settings: Settings, classifier: VoiceClassifier, held_out: list[Lesson], tell: Tell) -> Trial:
    """All that the gate looks at, measured with the engine that will serve."""
    engine = load_engine(settings, voice)
    samples = evaluation.evaluate(engine, held_out, order.profile, lambda done, of: tell("trying held-out lessons", done, of))
    tell("recognising the voice", 0, 1)
    recognised = classifier.accuracy([" ".join(sample.statements) for sample in samples if sample.statements], order.profile.name)
    tell("looking for forgetting", 0, 1)
    base = load_engine(settings, None)
    forgetting = probes.forgetting(engine, base, order.profile)
    tell("looking for live facts", 0, 1)
    knowledge = probes.knowledge(engine, base, live_articles(settings.articles))
    return Trial(samples, recognised, forgetting, knowledge)


def _before(settings: Settings, held_out: list[Lesson], kept: Path, tell: Tell) -> tuple[list[evaluation.Sample] | None, list[Finding]]:
    """What the active voice wrote to these lessons, and the finding where it is there and cannot be tried; ``kept`` holds the new voice."""
    try:
        return active_samples(settings, held_out, lambda done, of: tell("trying the active voice", done, of)), []
    except UserError as error:
        reason = str(error).rstrip(".")
        text = f"it could not be compared with the active voice ({reason}); it is kept, and `python -m training promote {kept}` installs it"
        return None, [Finding("active", text, [])]


def replies_beside(profile: str | Path) -> list[VoicedReply]:
    """The example replies of a profile: those in the file beside it, ``NAME.replies.jsonl``."""
    file = profile_file(profile)
    path = file.with_name(f"{file.stem}{REPLIES}")
    return read_replies(path) if path.is_file() else []


def approved_replies(profile: VoiceProfile, store: Path) -> list[VoicedReply]:
    """The example replies that agents approved in this voice, without those that break a rule of the profile as it is now."""
    path = approved_folder(store) / f"{profile.name}{REPLIES}"
    lessons = approved_lessons(store)
    return [reply for reply in (read_replies(path) if path.is_file() else []) if not lint_replies(profile, lessons, [reply])]


def _all_voices(order: Order) -> list[tuple[VoiceProfile, Sequence[VoicedReply]]]:
    """The voice in question and all others that have a profile."""
    others = [path for path in sorted(VOICES.glob("*.yaml")) if path.stem != order.profile.name]
    return [(order.profile, order.replies), *((load_profile(path), replies_beside(path)) for path in others)]


def _rounds(recipe: Recipe) -> int:
    return min(math.ceil(recipe.epochs), MOST_ROUNDS)


def _start(order: Order, settings: Settings) -> Path | None:
    if order.start == "base":
        return None
    if order.start == "active":
        voice = active_voice(installed(settings))
        return voice.folder if voice else None
    try:
        shipped = read_voice(SHIPPED, settings)
    except UserError:
        if order.start == "shipped":
            raise
        return None
    same = all(shipped.card.recipe.get(part) == getattr(order.recipe, part) for part in ("rank", "alpha", "layers"))
    return SHIPPED if same or order.start == "shipped" else None


def _key(order: Order, settings: Settings, examples: list[dataset.Example], start: Path | None) -> str:
    """Names the training run: the same data, recipe, base model and start go on from the same checkpoint."""
    begun = file_digest(start / ADAPTER) if start else "base"
    parts = [
        dataset.digest(examples),
        json.dumps(dataclasses.asdict(order.recipe), sort_keys=True),
        base_digest(settings.base_model),
        begun,
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _write_card(draft: Path, order: Order, settings: Settings, examples: list[dataset.Example], progress: Progress, lesson: Lesson) -> None:
    probe = render(lesson.brief())
    engine = TransformersChat(model=settings.base_model, adapter=draft, threads=settings.threads)
    base = TransformersChat(model=settings.base_model, threads=settings.threads)
    card = Card(
        name=order.profile.name,
        version=datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S"),
        profile=order.profile.model_dump(),
        base_model=settings.base_model,
        base_digest=base_digest(settings.base_model),
        adapter_digest=file_digest(draft / ADAPTER),
        config_digest=file_digest(draft / CONFIG),
        data_digest=dataset.digest(examples),
        recipe=dataclasses.asdict(order.recipe),
        examples=len(examples),
        trained_seconds=round(progress.seconds, 1),
        losses=[round(loss, 4) for loss in progress.losses],
        scores={},
        canary=Canary(system=probe.system, user=probe.user, with_voice=_say(engine, probe), without_voice=_say(base, probe)),
    )
    (draft / "card.json").write_text(card.model_dump_json(indent=1) + "\n", "utf-8")


def _write_scores(draft: Path, trial: Trial) -> None:
    """Put the trial's scores on the card, and its samples beside it for the next voice to be compared with."""
    path = draft / "card.json"
    card = Card.model_validate_json(path.read_text("utf-8"))
    path.write_text(card.model_copy(update={"scores": of_trial(trial)}).model_dump_json(indent=1) + "\n", "utf-8")
    (draft / SAMPLES).write_text(json.dumps([sample.model_dump() for sample in trial.samples], ensure_ascii=False), "utf-8")


def _replace(out: Path, draft: Path) -> None:
    """Put a copy of the draft in the place of a folder; what stood there goes only when the copy is whole."""
    target = out.resolve()
    partial, old = (target.with_name(f".{target.name}.{what}") for what in ("partial", "old"))
    shutil.rmtree(partial, ignore_errors=True)
    try:
        shutil.copytree(draft, partial)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    if target.exists():
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
    partial.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _say(engine: TransformersChat, prompt: Prompt) -> str:
    return str(engine.invoke(messages(prompt), max_tokens=CANARY_TOKENS).content)


@contextmanager
def _disk(work: Path) -> Iterator[None]:
    """A folder that cannot be written becomes one sentence."""
    try:
        work.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(
            f"{error.filename or work} cannot be written ({reason}): the active voice is unchanged; free some space and try again."
        ) from error
