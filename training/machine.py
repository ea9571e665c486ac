"""What training asks of the machine: whether half precision is faster here, whether 4 bits will do, and to take back free memory."""

import ctypes
import importlib.util
import sys
import time

from assistant.errors import UserError


def faster_in_half() -> bool:
    """Whether this machine multiplies matrices clearly faster in bfloat16 than in float32."""
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    took = {}
    for kind in (torch.float32, torch.bfloat16):
        a, b = torch.ones(512, 576, dtype=kind), torch.ones(576, 1536, dtype=kind)
        times = []
        for _ in range(12):
            began = time.perf_counter()
            a @ b
            times.append(time.perf_counter() - began)
        took[kind] = min(times)
    return took[torch.bfloat16] < 0.8 * took[torch.float32]


def four_bits(base_model: str) -> bool:
    """Whether a base model is loaded in 4 bits where a recipe for GPUs asks for it: no GGUF file, and none without bitsandbytes.

    Raises:
        UserError: there is no CUDA GPU.
    """
    import torch

    if base_model == "embedded" or base_model.endswith(".gguf"):
        return False
    if not torch.cuda.is_available():
        raise UserError("The recipe gpu needs a CUDA GPU, and there is none: use --preset laptop.")
    return importlib.util.find_spec("bitsandbytes") is not None


def give_back() -> None:
    """Return free memory to the system.

    Steps of ever other lengths leave gaps in the heap of glibc, which by itself keeps them: 4 GB after 12 steps, of which 1.6 were used.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)
