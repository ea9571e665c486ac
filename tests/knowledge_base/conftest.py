"""Small texts are embedded faster by one thread, most of all on a busy machine."""

import sys

import pytest


@pytest.fixture(autouse=True)
def one_thread():
    """One torch thread during each of these tests, where torch is loaded at all."""
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else 0
    if torch:
        torch.set_num_threads(1)
    yield
    if before:
        torch.set_num_threads(before)
