"""Checkpoints of a training run: an interrupted run goes on where it stood, and the best adapter seen is kept."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import UserError

if TYPE_CHECKING:
    from training.finetune import Progress

FILE, BEST = "checkpoint.pt", "best.pt"


class Checkpoint:
    """A run's state in a folder; every file appears whole or not at all."""

    def __init__(self, folder: Path, model: Any, optimizer: Any, schedule: Any, progress: "Progress") -> None:
        """Keep the state of this model, optimizer, schedule and progress in the folder."""
        self._folder, self._model, self._optimizer, self._schedule, self._progress = folder, model, optimizer, schedule, progress

    def save(self) -> None:
        """Write the state.

        Raises:
            UserError: it cannot be written.
        """
        self._write(
            FILE,
            {
                "adapter": self._adapter(),
                "optimizer": self._optimizer.state_dict(),
                "schedule": self._schedule.state_dict(),
                "progress": vars(self._progress),
            },
        )

    def resume(self) -> None:
        """Take up the state that an interrupted run left, if there is one."""
        import torch

        path = self._folder / FILE
        if not path.is_file():
            return
        state = torch.load(path, weights_only=True)
        self._fill(state["adapter"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        vars(self._progress).update(state["progress"])

    def keep_best(self) -> None:
        """Keep the adapter as it is now as the best one.

        Raises:
            UserError: it cannot be written.
        """
        self._write(BEST, self._adapter())

    def take_best(self) -> None:
        """Put the best adapter that was kept back in its place."""
        import torch

        if (self._folder / BEST).is_file():
            self._fill(torch.load(self._folder / BEST, weights_only=True))

    def _adapter(self) -> dict[str, Any]:
        from peft import get_peft_model_state_dict

        return {name: weight.detach().cpu() for name, weight in get_peft_model_state_dict(self._model).items()}

    def _fill(self, adapter: dict[str, Any]) -> None:
        from peft import set_peft_model_state_dict

        set_peft_model_state_dict(self._model, adapter)

    def _write(self, name: str, content: Any) -> None:
        import torch

        partial = self._folder / f"{name}.partial"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                torch.save(content, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._folder / name)
        except (OSError, RuntimeError) as error:
            with suppress(OSError):
                partial.unlink()
            raise UserError(
                f"The checkpoint cannot be written to {self._folder} ({error}): free some space and run the command again."
            ) from error
