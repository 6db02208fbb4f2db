"""Personal data: authors become pseudonyms, numbers that lead to a person are masked, before anything is stored.

Source: 网络数据安全管理条例 art. 24 (what automation collects unavoidably is deleted or anonymised). Kept, because they
are public or are what happened: institutions, officials in office, hotlines and landlines, dates, figures, document
numbers, buildings.
"""

from __future__ import annotations

import hmac
import re
from datetime import datetime

KEY_BYTES_AT_LEAST = 16
PSEUDONYM_HEX = 16

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_COUNT = r"\d一二三四五六七八九十"

_DIGIT = re.compile(r"\d")
_RUN = re.compile(r"\d[\d -]{9}")  # shorter than any number that is masked by its shape alone

_MOBILE = r"(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}"
_IDENTITY = r"[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXxＸｘ]"
_OLD_IDENTITY = r"[1-9]\d{5}\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}"
_CARD = r"\d{4}[- ]?\d{4}[- ]?\d{4}[- ]?\d{3,4}(?:[- ]?\d{3})?"
_UNIT = "元万亿吨米斤个名人条件次例票股"  # a long figure with its unit is no telephone number
_NUMBER = re.compile(
    rf"(?<![\d.])(?:(?P<identity>{_IDENTITY})|(?P<mobile>{_MOBILE})(?![{_UNIT}])|(?P<old>{_OLD_IDENTITY})(?!\d)"
    rf"|(?P<card>{_CARD}))(?![\d.]\d|\d)"
)
_ABOUT_IDENTITY = re.compile(r"身份证|证件号")
_ABOUT_CARD = re.compile(r"卡号|账号|帐号|账户|银行卡")
_CONTEXT_CHARS = 12

# The first two characters tell the region, which is a fact; the rest leads to the owner. 警 and 使 are institutions.
_PLATE = re.compile(
    rf"([{_PROVINCES}][A-HJ-NP-Z])[·•・. -]?(?=[A-HJ-NP-Z]{{0,5}}\d)[A-HJ-NP-Z\d]{{4,5}}[A-HJ-NP-Z\d挂学](?![A-Za-z\d])"
)
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}[@＠](?P<host>[A-Za-z\d.-]{1,100}\.[A-Za-z]{2,10})(?!\w)", re.ASCII)
_PUBLIC_HOST = re.compile(r"(?:^|\.)(?:gov|edu|mil)\.cn$", re.IGNORECASE)
_ACCOUNT = re.compile(r"((?:QQ|qq|微信)(?:号码?)?[:：为是 ]{1,3})[A-Za-z\d][\w-]{4,19}(?![\w-])", re.ASCII)

# A household's door, never its building: fires and floods happen in buildings. 501房屋, 320户 are figures.
_DOOR = re.compile(
    rf"((?:号楼|栋|幢)(?:[{_COUNT}]{{1,3}}单元)?|单元)[- ]?"
    r"(?:\d{3,4}(?:室|号房|房(?![屋子间])|号(?![楼院]))|(?<=单元)\d{3,4}(?![\d户间套年元]))"
)
_HOME = re.compile(
    r"((?:家庭住址|家庭地址|居住地址|户籍地址|现住址|住址|家住|现住)[^，。；、\s]{0,30}?)"
    rf"[{_COUNT}]{{1,5}}(?:号楼|号(?!线)|弄|栋|幢|单元|组|室)(?:[{_COUNT}]{{1,5}}(?:号楼|号|弄|栋|幢|单元|楼|层|室|房|组)){{0,5}}"
)
# How boards address the person who wrote: 网友“…”：您好.
_ADDRESSEE = re.compile(r"((?:网友|网民|用户)[“\"「])[^”\"」\n]{1,30}(?=[”\"」][:：，,\s]{0,3}(?:您|你)好)")


class Pseudonyms:
    """Authors as keyed hashes that change every month and differ between sources: enough to see that two posts of a
    month have one author, never who it is, and no history of anybody."""

    def __init__(self, key: bytes) -> None:
        """`key` is secret. Raises ValueError if it is shorter than KEY_BYTES_AT_LEAST."""
        if len(key) < KEY_BYTES_AT_LEAST:
            raise ValueError(f"a pseudonym key has at least {KEY_BYTES_AT_LEAST} bytes")
        self._key = key

    def of(self, author: str, source: str | None, at: datetime) -> str:
        """The author's pseudonym at `source` in the month (Asia/Shanghai) of `at`."""
        words = f"{at:%Y-%m}\x1f{source or ''}\x1f{author.strip()}".encode("utf-8", "replace")
        return "a-" + hmac.digest(self._key, words, "sha256").hex()[:PSEUDONYM_HEX]


def mask(text: str) -> str:
    """`text` with what leads to a private person replaced by a label in full-width brackets, or stars on a plate."""
    if _DIGIT.search(text):
        text = _mask_numbers(text)
    if "@" in text or "＠" in text:
        text = _MAIL.sub(_mail_label, text)
    if "微信" in text or "QQ" in text or "qq" in text:
        text = _ACCOUNT.sub(r"\1［账号］", text)
    if "好" in text and ("网友" in text or "网民" in text or "用户" in text):
        text = _ADDRESSEE.sub(r"\1［网友］", text)
    return text


def _mask_numbers(text: str) -> str:
    if _RUN.search(text):
        text = _NUMBER.sub(_number_label, text)
    text = _PLATE.sub(r"\1*****", text)
    if "单元" in text or "室" in text or "房" in text:
        text = _DOOR.sub(r"\1［门牌］", text)
    if "住" in text or "地址" in text:
        text = _HOME.sub(r"\1［门牌］", text)
    return text


def _number_label(found: re.Match[str]) -> str:
    """Where other things share a number's shape, its check digit or the words before it must say what it is."""
    before = found.string[max(0, found.start() - _CONTEXT_CHARS) : found.start()]
    if found["identity"]:
        return "［身份证号］"
    if found["mobile"]:
        return "［手机号］"
    if found["old"] and _ABOUT_IDENTITY.search(before):
        return "［身份证号］"
    if found["card"] and (_ABOUT_CARD.search(before) or _has_check_digit(found["card"])):
        return "［银行卡号］"
    return found[0]


def _has_check_digit(number: str) -> bool:
    """Whether a bank card's number is whole (ISO/IEC 7812, Luhn); cards begin with 3 to 6 and have 16 to 19 digits."""
    digits = [int(digit) for digit in number if digit.isdigit()]
    if len(digits) < 16 or not 3 <= digits[0] <= 6:
        return False
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _mail_label(found: re.Match[str]) -> str:
    """Mailboxes of public bodies stay."""
    return found[0] if _PUBLIC_HOST.search(found["host"]) else "［邮箱］"
