"""What a process of a proof has loaded before it begins; the fork server imports it once, before it has any thread."""

import os

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import tests.conftest  # noqa: F401  # no network, none of the machine's settings
from knowledge_base import erasure, refresh, retrieval, versions  # noqa: F401
from knowledge_base.embeddings import load_embeddings
from knowledge_base.terminal import quiet

quiet()
load_embeddings("embedded", 1).vectors(["Everything is loaded."])
