"""What a new voice is held against: the voice that the pointer names, tried on the lessons as they are now, or said to be untried."""

import errno
import json
import shutil
from types import SimpleNamespace

import pytest
import typer

from assistant.errors import UserError
from assistant.settings import Settings
from assistant.voices import SHIPPED, active_voice, read_card, read_pointer
from tests.training import small
from training import active, cli, dataset, retrain
from training.active import SAMPLES, active_samples
from training.dataset import Example
from training.evaluation import asked, judge
from training.finetune import PRESETS, Progress
from training.gate import Trial
from training.lessons import read_lessons
from training.manifest import read_manifest
from training.probes import Probe, general
from training.profile import load_profile
from training.retrain import Order

WRITTEN = "Hi there.\n[1] 1. Tap Start.\n[1] 2. Pick the red kiln.\nNext: Tell us more."


@pytest.fixture
def lessons(tmp_path):
    return dataset.split(read_lessons(small.write_lessons(tmp_path / "lessons")), tmp_path / "lessons")[1][:1]


def install(store, lessons, **changes):
    """The shipped adapter as the active voice, with samples of these lessons beside it."""
    settings = Settings(store=store / "data")
    folder = settings.voices / "warm@1"
    shutil.copytree(SHIPPED, folder)
    card = read_card(folder)
    (folder / "card.json").write_text(card.model_copy(update={"version": "1", **changes}).model_dump_json(), "utf-8")
    samples = [judge(lesson, WRITTEN, load_profile("warm")).model_dump() for lesson in lessons]
    (folder / SAMPLES).write_text(json.dumps(samples), "utf-8")
    (settings.voices / "active.json").write_text('{"folder": "warm@1"}', "utf-8")
    return settings, folder


@pytest.fixture
def tried(monkeypatch):
    """The lessons that the active voice is tried on anew, by an engine that is none."""
    found = []
    monkeypatch.setattr(active, "load_engine", lambda settings, voice: voice.label)
    monkeypatch.setattr(active.evaluation, "evaluate", lambda engine, lessons, profile, report: found.append((engine, *lessons)) or [])
    return found


@pytest.mark.parametrize("voice", ["none", "shipped", "active"])
def test_the_voice_of_the_pointer_is_compared_with_whichever_is_pinned(tmp_path, lessons, tried, voice):
    settings, _ = install(tmp_path, lessons)
    (sample,) = active_samples(settings.model_copy(update={"voice": voice}), lessons)
    assert sample.written == WRITTEN
    assert tried == []


@pytest.mark.parametrize("voice", ["none", "shipped", "active"])
def test_training_goes_on_from_the_voice_of_the_pointer_whichever_is_pinned(tmp_path, lessons, voice):
    settings, folder = install(tmp_path, lessons)
    order = Order(load_profile("warm"), [], PRESETS["laptop"], start="active")
    assert retrain._start(order, settings.model_copy(update={"voice": voice})) == folder


@pytest.mark.parametrize(
    "changes",
    [
        {"question": "how do I light it?"},
        {"customer": "Ada"},
        {"history": [{"role": "customer", "text": "hello"}]},
        {"passages": [{"title": "Firing", "sentences": ["Close the lid.", "Click Start.", "Select the blue kiln."]}]},
        {"statements": [{"text": "Click Start.", "evidence": "1.2"}, {"text": "Select the red kiln.", "evidence": "1.3"}]},
    ],
)
def test_a_lesson_that_changed_is_tried_anew(tmp_path, lessons, tried, changes):
    settings, _ = install(tmp_path, lessons)
    changed = type(lessons[0]).model_validate(lessons[0].model_dump() | changes)
    active_samples(settings, [changed])
    assert tried == [("warm@1", changed)]


def test_samples_of_before_the_prompts_digest_count_by_their_evidence(tmp_path, lessons, tried):
    settings, folder = install(tmp_path, lessons)
    rows = [sample | {"asked": ""} for sample in json.loads((folder / SAMPLES).read_text("utf-8"))]
    (folder / SAMPLES).write_text(json.dumps(rows), "utf-8")
    (sample,) = active_samples(settings, lessons)
    assert (sample.asked, tried) == (asked(lessons[0]), [])
    (folder / SAMPLES).write_text(json.dumps([rows[0] | {"evidence": ["Click Stop."]}]), "utf-8")
    active_samples(settings, lessons)
    assert len(tried) == 1


@pytest.mark.parametrize("text", ["{", "[1]", ""])
def test_samples_that_cannot_be_read_are_made_anew(tmp_path, lessons, tried, text):
    settings, folder = install(tmp_path, lessons)
    (folder / SAMPLES).write_text(text, "utf-8")
    active_samples(settings, lessons)
    assert len(tried) == 1


def test_a_voice_of_another_base_model_is_none_to_compare_with(tmp_path, lessons, tried):
    settings, _ = install(tmp_path, lessons, base_digest="name:other")
    assert active_samples(settings, lessons) is None


def trained(monkeypatch, tmp_path, settings, out=None, rehearsed=(), trial=None):
    """What comes of an order whose training and trial are done already and went well."""

    def draft(order, settings, examples, held_out, run, folder, step):
        shutil.copytree(SHIPPED, folder, dirs_exist_ok=True)
        return Progress(1, 1, 0.1, 1.0, 9, [0.1])

    monkeypatch.setattr(retrain, "_trained", draft)
    monkeypatch.setattr(retrain, "_write_card", lambda *parts: None)
    if rehearsed is not None:
        monkeypatch.setattr(retrain.probes, "rehearsal", lambda engine: list(rehearsed))
    monkeypatch.setattr(retrain, "VoiceClassifier", lambda known, train: None)
    monkeypatch.setattr(retrain, "try_voice", lambda *parts: trial or Trial([]))
    monkeypatch.setattr(retrain, "gate", lambda trial, before: [])
    monkeypatch.setattr(retrain, "load_engine", lambda settings, voice: None)
    profile = load_profile("warm")
    return retrain.retrain(Order(profile, [], PRESETS["laptop"], "base", lessons=tmp_path / "lessons"), settings, out=out)


def unloadable(settings, voice):
    raise UserError(f"The voice {voice.label} is not in effect (x): choose another voice.")


@pytest.mark.parametrize("damage", ["the adapter", "the card's profile", "the canary"])
@pytest.mark.parametrize("out", [False, True])
def test_a_voice_that_cannot_be_compared_is_kept_and_not_installed(monkeypatch, tmp_path, lessons, damage, out):
    settings, folder = install(tmp_path, lessons, **({"profile": {"title": "x"}} if damage == "the card's profile" else {}))
    if damage == "the adapter":
        (folder / "adapter_model.safetensors").write_bytes(b"x")
    (folder / SAMPLES).unlink()
    monkeypatch.setattr(active, "load_engine", unloadable)
    target = tmp_path / "out" if out else None
    outcome = trained(monkeypatch, tmp_path, settings, target)
    (finding,) = outcome.refused
    kept = target or outcome.voice.folder
    assert str(finding).startswith("it could not be compared with the active voice (The ")
    assert str(finding).endswith(f"; it is kept, and `python -m training promote {kept}` installs it")
    assert (kept / "adapter_model.safetensors").is_file()
    assert read_pointer(settings).folder == "warm@1"


def test_a_live_fact_in_what_the_base_model_says_to_a_general_prompt_stops_the_retraining(monkeypatch, tmp_path, lessons):
    settings, _ = install(tmp_path, lessons)
    prompt = general("train")[0]
    monkeypatch.setattr(retrain.probes, "rehearsal", lambda engine: [Example("general", prompt, "Lisbon, says Tallybird.")])
    with pytest.raises(UserError, match=r"general prompt would teach a live fact: .*general\.yaml:4: product name 'Tallybird' stands in"):
        trained(monkeypatch, tmp_path, settings, rehearsed=None)
    assert read_pointer(settings).folder == "warm@1"


def test_a_voice_that_can_be_compared_is_installed(monkeypatch, tmp_path, lessons):
    settings, _ = install(tmp_path, lessons)
    monkeypatch.setattr(active, "load_engine", lambda settings, voice: SimpleNamespace())
    monkeypatch.setattr(active.evaluation, "evaluate", lambda *parts: [])
    outcome = trained(monkeypatch, tmp_path, settings)
    assert outcome.refused == []
    assert active_voice(settings) == outcome.voice
    assert set(read_manifest(outcome.voice.folder)["lessons"]) == {"kiln-01", "kiln-02", "kiln-03"}
    assert read_pointer(settings).former == "warm@1"


def test_the_command_tells_what_was_told_closed_book_and_forgotten_beside_the_base_model(monkeypatch, tmp_path, lessons, capsys):
    settings, _ = install(tmp_path, lessons)
    monkeypatch.setattr(active, "load_engine", lambda settings, voice: SimpleNamespace())
    monkeypatch.setattr(active.evaluation, "evaluate", lambda *parts: [])
    known, forgotten = ([Probe("p", "v", "b", n < 1, n < base) for n in range(30)] for base in (2, 1))
    outcome = trained(monkeypatch, tmp_path, settings, trial=Trial([], 0.9, forgotten, known))
    cli._tell(outcome, None)
    assert capsys.readouterr().out.startswith(
        f"{outcome.voice.label}: recognised 0.90, live facts told closed-book 1 of 30 (by the base model 2), "
        "general prompts answered as support 1 of 30 (by the base model 1).\n"
    )
    assert outcome.voice.card.scores["closed_book_base"] == 2


def test_a_full_disk_leaves_the_voice_that_stood_in_the_folder(monkeypatch, tmp_path, lessons):
    settings, _ = install(tmp_path, lessons)
    monkeypatch.setattr(active, "load_engine", lambda settings, voice: None)
    monkeypatch.setattr(active.evaluation, "evaluate", lambda *parts: [])
    out = tmp_path / "out"
    trained(monkeypatch, tmp_path, settings, out)
    (out / "mine.txt").write_text("mine", "utf-8")

    def full(draft, folder, **options):
        copy(draft, folder)
        raise OSError(errno.ENOSPC, "No space left on device")

    copy = shutil.copytree
    with monkeypatch.context() as patch:
        patch.setattr(retrain, "shutil", SimpleNamespace(copytree=full, rmtree=shutil.rmtree))
        with pytest.raises(UserError, match="cannot be written"):
            trained(patch, tmp_path, settings, out)
    assert {path.name for path in tmp_path.iterdir()} == {"data", "lessons", "out"}
    assert (out / "mine.txt").is_file()
    trained(monkeypatch, tmp_path, settings, out)
    assert {path.name for path in tmp_path.iterdir()} == {"data", "lessons", "out"}
    assert not (out / "mine.txt").exists()


def test_a_refused_voice_ends_the_command_with_one_in_a_folder_too(monkeypatch, tmp_path, lessons):
    settings, folder = install(tmp_path, lessons)
    (folder / "adapter_model.safetensors").write_bytes(b"x")
    outcome = trained(monkeypatch, tmp_path, settings, tmp_path / "out")
    with pytest.raises(typer.Exit) as end:
        cli._tell(outcome, tmp_path / "out")
    assert end.value.exit_code == 1
