"""Bytes of a page as text. Chinese pages often declare no encoding, or a wrong one; the bytes are asked first."""

from __future__ import annotations

import codecs
import re

DECLARED_BYTES = 4096
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"""(?:charset|encoding)\s{0,3}=\s{0,3}["']?([A-Za-z0-9_-]{3,20})""", re.IGNORECASE)
_FAMILY = {"gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "x-gbk": "gb18030", "big5": "big5hkscs"}
# Encodings in which any bytes decode prove nothing; they are what servers declare by default.
_ANYTHING = frozenset({"iso8859-1", "cp1252", "latin-1", "ascii"})
# The commonest characters of written Chinese, simplified and traditional: a wrong guess holds few of them.
_COMMON = re.compile("[的一是不了人在有我他这中大来上国和地到以说時這來國說個们们個，。、]")


def decode_page(html: bytes, declared: str | None = None) -> str:
    """The page as text. `declared` is the encoding of the HTTP header; it counts for less than the bytes themselves.

    A few damaged bytes become U+FFFD; never raises. NUL is dropped.
    """
    for mark, name in _BOMS:
        if html.startswith(mark):
            return html.decode(name, "replace").replace("\x00", "")
    # A cut in the middle of a character is no damage.
    text = _best(html, [*_known(declared), *_known_in(html), "utf-8", "gb18030"])
    return text.replace("\x00", "")


def _known_in(html: bytes) -> list[str]:
    """Encodings that the page's head declares, in order."""
    names: list[str] = []
    for found in _DECLARED.findall(html[:DECLARED_BYTES]):
        names += _known(found.decode("ascii"))
    return names


def _known(name: str | None) -> list[str]:
    """The codec of a declared name, the Chinese ones widened to the largest of their family; empty if unknown."""
    try:
        codec = codecs.lookup(_FAMILY.get((name or "").lower(), name or ""))
    except (LookupError, ValueError):
        return []
    return [] if codec.name in _ANYTHING or not codec._is_text_encoding else [_FAMILY.get(codec.name, codec.name)]


def _best(html: bytes, names: list[str]) -> str:
    """UTF-8 where the bytes are whole UTF-8 (chance does not make that), else the decoding with the least damage."""
    try:
        return html.decode()
    except UnicodeDecodeError as error:
        if error.start >= len(html) - 3:
            return html.decode("utf-8", "ignore")
    decoded = [html.decode(name, "replace") for name in dict.fromkeys(names)]
    return min(decoded, key=_damage)


def _damage(text: str) -> float:
    """Lower is better: what could not be decoded, against what reads as Chinese."""
    return text.count("�") * 10.0 - len(_COMMON.findall(text))
