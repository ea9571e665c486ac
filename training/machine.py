"""What training asks of the machine: whether half precision is faster here, and to take back free memory."""

import ctypes
import sys
import time


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


def give_back() -> None:
    """Return free memory to the system.

    Steps of ever other lengths leave gaps in the heap of glibc, which by itself keeps them: 4 GB after 12 steps, of which 1.6 were used.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)
