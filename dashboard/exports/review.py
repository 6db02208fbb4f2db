"""The review as xlsx, docx and JSON: one row an obligation, with its rule's version and its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO

import msgspec
from docx import Document
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from dashboard.drawing import clock_name, instant, span
from dashboard.queries import BodyReview, review
from dashboard.words import GRADES, MODALITIES, VERDICTS
from stream.core.documents import Judgement

SUMMARY = ("机关", "应判定", "按时", "逾期", "无法判定", "计时中", "不计入")
DETAILS = ("首现", "事件", "等级", "义务", "性质", "机关", "时钟", "起点", "截止", "结论", "理由", "规则", "规则版本")
TITLE = "回应时效复盘"


def write_xlsx(judged: Sequence[Judgement], titles: Mapping[str, str], out: IO[bytes]) -> None:
    """Two sheets, 按机关 and 按事件; every cell is text or a number, never a formula."""
    book = Workbook(write_only=True)
    first = book.create_sheet("按机关")
    _append(first, SUMMARY, bold=True)
    for row in review(judged):
        _append(first, summary(row))
    second = book.create_sheet("按事件")
    _append(second, DETAILS, bold=True)
    for row_cells in details(judged, titles):
        _append(second, row_cells)
    book.save(out)


def write_docx(judged: Sequence[Judgement], titles: Mapping[str, str], out: IO[bytes]) -> None:
    """The same two tables as a document."""
    document = Document()
    document.add_heading(TITLE, 0)
    for name, head, rows in (
        ("按机关", SUMMARY, [summary(row) for row in review(judged)]),
        ("按事件", DETAILS, details(judged, titles)),
    ):
        document.add_heading(name, 1)
        table = document.add_table(rows=1, cols=len(head))
        table.style = "Table Grid"
        for cell, text in zip(table.rows[0].cells, head, strict=True):
            cell.text = text
        for row in rows:
            for cell, value in zip(table.add_row().cells, row, strict=True):
                cell.text = printable(str(value))
    document.save(out)


def write_json(judged: Sequence[Judgement], titles: Mapping[str, str], out: IO[bytes]) -> None:
    """The same tables as JSON."""
    rows = {
        "bodies": [dict(zip(SUMMARY, summary(row), strict=True)) for row in review(judged)],
        "obligations": [dict(zip(DETAILS, row, strict=True)) for row in details(judged, titles)],
    }
    out.write(msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n")


def summary(row: BodyReview) -> list[str | int]:
    """One body."""
    return [row.body, row.met + row.late + row.unknown, row.met, row.late, row.unknown, row.pending, row.excluded]


def details(judged: Sequence[Judgement], titles: Mapping[str, str]) -> list[list[str | int]]:
    """One row an obligation."""
    return [
        [
            instant(judgement.opened_at), judgement.title, GRADES.get(judgement.severity.grade or "", "未定"),
            titles.get(one.rule, one.rule), MODALITIES[one.modality], one.body or "待定", clock_name(one.clock),
            span(one.start), instant(one.due.latest) if one.due else "—", VERDICTS[one.verdict], one.reason,
            one.rule, one.rule_version,
        ]
        for judgement in judged
        for one in judgement.obligations
    ]  # fmt: skip


def printable(text: str) -> str:
    """Without what XML cannot carry: control characters."""
    return "".join(char for char in text if char >= " " or char in "\t\n")


def _append(sheet: WriteOnlyWorksheet, values: Sequence[str | int], *, bold: bool = False) -> None:
    cells = []
    for value in values:
        cell = WriteOnlyCell(sheet, value=printable(value) if isinstance(value, str) else value)
        # A crawled title may begin with "=": as a string it stays text.
        if isinstance(value, str):
            cell.data_type = "s"
        if bold:
            cell.font = Font(bold=True)
        cells.append(cell)
    sheet.append(cells)
