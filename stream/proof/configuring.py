"""The configuration that evidence is judged by, as parts of its file."""

from __future__ import annotations

from crawlers.sources import load_sources
from stream.assembly import own_channels
from stream.proof.dossier import Configuration
from stream.proof.parts import AUTHORITIES, CHANNELS, RULES, document
from stream.settings import Settings


def configuration(settings: Settings) -> Configuration:
    """The very bytes of rule book and register, and what sources.yaml adds to them. Raises SettingsError."""
    parts = {
        RULES: settings.file("rules").read_bytes(),
        AUTHORITIES: settings.file("authorities").read_bytes(),
        CHANNELS: document(own_channels(settings)),
    }
    sources = load_sources(settings.file("sources"))
    return Configuration(parts=parts, encodings={one.id: one.encoding for one in sources if one.encoding is not None})
