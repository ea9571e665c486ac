"""Training speed beside TRL's SFTTrainer: the same model, LoRA matrices, examples, batches of like length, and loss on the reply only.

``python -m tests.benchmarks.training_speed [--examples 48] [--repeats 3]``; needs ``pip install trl``, which nothing else here does.
Each run is a process of its own, so that its peak memory is its own, and the systems take turns. TRL runs as it comes but for
gradient checkpointing, which would make it slower, and once more with ``chunked_nll``, which makes logits for the reply only.
"""

import argparse
import importlib.util
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from assistant.base_model import load_model, load_tokenizer
from training.adapter import adapted
from training.dataset import build, split
from training.finetune import Encoded, Recipe, encode, finetune
from training.lessons import read_lessons
from training.machine import faster_in_half
from training.profile import load_profile
from training.retrain import replies_beside

SYSTEMS = ("ours", "trl nll", "trl chunked_nll")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=48)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", choices=SYSTEMS, help="one run of one system in this process; prints JSON")
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps(run(arguments.only, arguments.examples, arguments.threads)))
        return
    if importlib.util.find_spec("trl") is None:
        sys.exit("trl is not installed: `pip install trl` into an environment beside this one and run again.")
    found: dict[str, list[dict[str, Any]]] = {system: [] for system in SYSTEMS}
    for turn in range(arguments.repeats):
        for system in SYSTEMS[turn % len(SYSTEMS) :] + SYSTEMS[: turn % len(SYSTEMS)]:
            found[system].append(apart(system, arguments.examples, arguments.threads))
            print(f"{system:<16} {found[system][-1]}", file=sys.stderr, flush=True)
    median = {system: statistics.median(row["tokens_per_s"] for row in rows) for system, rows in found.items()}
    print(f"{'system':<16} {'tokens/s':>9} {'range':>12} {'ours is':>9} {'peak GB':>8} {'loss, first and last step':>26}")
    for system, rows in found.items():
        rates = [row["tokens_per_s"] for row in rows]
        spread, faster = f"{min(rates):.0f}-{max(rates):.0f}", f"{median['ours'] / median[system]:.2f} x"
        memory = statistics.median(row["peak_gb"] for row in rows)
        print(
            f"{system:<16} {median[system]:>9.0f} {spread:>12} {faster:>9} {memory:>8.2f} {rows[0]['first']:>17.3f} {rows[0]['last']:>8.3f}"
        )


def apart(system: str, examples: int, threads: int) -> dict[str, Any]:
    """One run in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.training_speed", "--only", system, "--examples", str(examples)]
    done = subprocess.run([*command, "--threads", str(threads)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{system} failed:\n{done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.strip().split("\n")[-1]))


def run(system: str, count: int, threads: int) -> dict[str, Any]:
    """Train for one pass over the examples: tokens a second over the whole pass, losses, peak memory of the process."""
    import torch

    torch.set_num_threads(threads)
    examples = build(load_profile("warm"), split(read_lessons())[0], replies_beside("warm"))[:count]
    recipe = Recipe(epochs=1.0, lora_plus=1.0, precision="bfloat16" if faster_in_half() else "float32")
    tokenizer, model = load_tokenizer("embedded"), load_model("embedded")
    encoded = [encode(tokenizer, example) for example in examples]
    if system == "ours":
        _, progress = finetune(model, tokenizer, examples, recipe)
        seconds, losses = progress.seconds, progress.losses
    else:
        seconds, losses = with_trl(adapted(model, recipe), tokenizer, encoded, recipe, system.split()[1])
    return {
        "tokens_per_s": round(sum(len(prompt) + len(reply) for prompt, reply in encoded) / seconds, 1),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "first": losses[0],
        "last": losses[-1],
        "steps": len(losses),
        "precision": recipe.precision,
    }


def with_trl(model: Any, tokenizer: Any, encoded: list[Encoded], recipe: Recipe, loss: str) -> tuple[float, list[float]]:
    """One pass by SFTTrainer over the same tokens; seconds from the first step's begin to the last one's end."""
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer

    times: list[float] = []

    class Clock(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
        def on_step_begin(self, *_: Any, **__: Any) -> None:
            times.append(time.monotonic())

        def on_step_end(self, *_: Any, **__: Any) -> None:
            times.append(time.monotonic())

    rows = Dataset.from_list(
        [{"input_ids": prompt + reply, "completion_mask": [0] * len(prompt) + [1] * len(reply)} for prompt, reply in encoded]
    )
    with tempfile.TemporaryDirectory() as folder:
        config = SFTConfig(
            output_dir=folder,
            num_train_epochs=recipe.epochs,
            per_device_train_batch_size=recipe.batch,
            learning_rate=recipe.learning_rate,
            lr_scheduler_type="cosine",
            weight_decay=0.0,
            max_grad_norm=1.0,
            train_sampling_strategy="group_by_length",
            completion_only_loss=True,
            loss_type=loss,
            max_length=None,
            gradient_checkpointing=False,
            bf16=recipe.precision == "bfloat16",
            use_cpu=True,
            logging_steps=1,
            logging_nan_inf_filter=False,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=recipe.seed,
        )
        # Its weights are plain floats once they are read, but the model still calls itself quantised, which the Trainer refuses.
        model.get_base_model().is_quantized = False
        trainer = SFTTrainer(model=model, args=config, train_dataset=rows, processing_class=tokenizer, callbacks=[Clock()])
        trainer.train()
    return times[-1] - times[0], [row["loss"] for row in trainer.state.log_history if "loss" in row]


if __name__ == "__main__":
    main()
