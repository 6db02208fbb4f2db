"""Who signed a text: the office whose name ends it. What a letter cites (国务院, 教育部 …) did not write it."""

from __future__ import annotations

import re

SIGNED_IN = 80
"""Characters at a text's end that are read, so that a text of any length costs the same."""

_DATE = r"[\d〇○零一二三四五六七八九十年月日./\-—\s]{0,24}"
_OFFICE = "政府|街道|办事处|办公室|委员会|管委会|[局厅委部院署镇乡处]|大队|支队|总队|中心|公司|集团"
_BREAKS = r"\s。！!？?；;，,、：:“”\"（）()"
# An office's name that ends the text, before at most a date and a closing quotation mark.
_SIGNATURE = re.compile(
    rf"(?:^|[\s。！!？?；;”\"])([^\d\-{_BREAKS}][^{_BREAKS}]{{1,28}}(?:{_OFFICE})){_DATE}[。.”\"]?\s{{0,8}}$"
)
_SENTENCE = re.compile("[您你请我已的]")


def signature(text: str) -> str | None:
    """The office that signed a text, as it is written there; None where no office's name ends it."""
    found = _SIGNATURE.search(text[-SIGNED_IN:].strip())
    return None if found is None or _SENTENCE.search(found[1]) else found[1]
