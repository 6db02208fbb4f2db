"""Fingerprints: rare pairs first, blind to width and punctuation, steady under hostile text."""

from __future__ import annotations

import pytest

from stream.reading.fingerprint import TERMS, _of_few, _of_many, fingerprint, rarity

LEAD = "五月二十日上午，青禾县云溪镇一座老桥的栏杆被货车撞断，交警到场疏导，养护部门正在抢修，预计傍晚恢复通行。"


def terms(title: str, text: str = "") -> set[int]:
    return set(fingerprint(title, text)[0])


def bits(one: int, other: int) -> int:
    return (one ^ other).bit_count()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("云溪老桥 ＡＢ１２", "云溪老桥 ab12"),
        ("云溪老桥！", "《云溪老桥》"),
        ("云溪\u3000老桥", "云溪 老桥"),
    ],
)
def test_width_case_and_punctuation_do_not_matter(one: str, other: str) -> None:
    assert terms(one) == terms(other)


def test_pairs_do_not_cross_punctuation() -> None:
    assert terms("云溪，老桥") < terms("云溪老桥")


def test_rare_pairs_come_first_and_formulas_weigh_little() -> None:
    found, _ = fingerprint("警方通报云溪镇鳜鱼暴毙", "")
    (name,) = terms("鳜鱼")
    assert found == sorted(found, key=lambda term: (-rarity(term), term))
    assert name in found and rarity(name) > max(map(rarity, terms("警方通报"))) + 15


def test_title_terms_survive_a_long_text() -> None:
    assert terms("云溪老桥") <= terms("云溪老桥", LEAD * 20)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("", ""),
        ("桥", ""),
        ("！？…", "  \n"),
        ("\x00\ud800😀", "\udfff"),
        ("桥" * 10_000_000, "<b>" * 1_000_000),
        ("𠀀𠀁𠀂", ""),
    ],
)
def test_hostile_text_is_harmless(title: str, text: str) -> None:
    found, simhash = fingerprint(title, text)
    assert len(found) <= TERMS and 0 <= simhash < 1 << 63
    assert fingerprint(title, text) == (found, simhash)


def test_nothing_to_read_gives_nothing() -> None:
    assert fingerprint("桥", "！") == ([], 0)


@pytest.mark.parametrize(
    ("other", "is_reprint"),
    [
        (("青禾县一座老桥栏杆被撞断", LEAD * 6 + "（来源：网络）"), True),
        (("青禾县一座老桥栏杆被撞断", LEAD * 6), True),
        (("青禾县粮库翻新完工", "粮库在三月完成了翻新，仓容增加一成，夏粮收购不受影响。" * 12), False),
    ],
)
def test_simhash_tells_reprints(other: tuple[str, str], is_reprint: bool) -> None:
    _, first = fingerprint("青禾县一座老桥栏杆被撞断", LEAD * 6)
    _, second = fingerprint(*other)
    assert (bits(first, second) <= 3) == is_reprint


def test_a_known_value_does_not_drift() -> None:
    # Stored incidents and prints rest on these numbers: another table or hash needs a migration.
    assert fingerprint("云溪老桥", "") == ([353397899616, 842139715414, 1079499727957], 3870169481350312830)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("云溪老桥栏杆被撞", ""),
        ("云溪老桥老桥 ＡＢ12", "老桥，老桥；AB１２ café ǅ Ⅻ"),
        ("桥" * 60, "𠀀桥\ud800\x00桥" * 15),
        ("青禾县云溪镇", LEAD),
        ("", LEAD[:40]),
        ("！", "？"),
    ],
)
def test_titles_are_read_as_long_texts_are(title: str, text: str) -> None:
    assert _of_few(title, text) == _of_many(title, text)
