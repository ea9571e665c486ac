"""What besides its sources and settings an answer was made with: model, adapter, libraries and machine."""

import functools
import importlib.metadata
import platform

from assistant.base_model import base_digest
from assistant.settings import Settings
from assistant.voices import Voice

_LIBRARIES = {
    "openvino": ("openvino-genai", "openvino", "numpy"),
    "transformers": ("torch", "transformers", "peft", "llguidance", "tokenizers", "numpy"),
}


_version = functools.cache(importlib.metadata.version)


def made_with(settings: Settings, voice: Voice | None) -> dict[str, str]:
    """What identifies the model, the adapter, the program and its libraries, and the kind of machine."""
    packages = ("hybrid-support-assistant", *_LIBRARIES[settings.engine])
    return {
        "base": base_digest(settings.base_model),
        "adapter": voice.card.adapter_digest if voice else "",
        "machine": f"{platform.system()} {platform.machine()}",
        **{name: _version(name) for name in packages},
    }
