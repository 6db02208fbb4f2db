"""The review as xlsx, docx and JSON: per body, per duty, and one row an obligation with its rule's version and reason.

`write_xlsx`, `write_docx` and `write_json` are called alike, by the review page and by `huiying report`: the judgements
in the order they shall stand, the rules' titles by id, a binary file. Crawled text stays text: no cell is a formula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any

import msgspec
from docx import Document
from docx.enum.section import WD_ORIENT
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from dashboard.drawing import clock_name, due_words, instant, plain, span
from dashboard.tallies import Tally, by_body, by_rule, total
from dashboard.words import GRADES, MODALITIES, VERDICTS, reason_words
from stream.core.cases import Judgement

Cell = str | int
Row = Sequence[Cell]

TALLY = ("应判定", "按时", "超时", "按时后撤回", "无法判断", "计时中", "不计入")
BODIES = ("责任单位", *TALLY)
RULES = ("义务", *TALLY)
DETAILS = (
    "首现", "事件", "等级", "义务", "性质", "暂定", "责任单位", "时钟", "起点", "时限", "结论", "理由", "规则",
    "规则版本", "事件编号",
)  # fmt: skip
TITLE = "回应时效复盘"
NOTE = (
    "应判定 = 按时 + 超时 + 按时后撤回 + 无法判断，只计“应当”类时限的从严时钟。"
    "计时中的尚未到期；原则上、暂定、不再适用与已声明豁免的列为不计入；按义务的表中，“原则上”的另立一行，不进合计。无法判断不是超时：监看有缺口，或时刻不够精确。"
)
CELL_LIMIT = 2_000  # characters; a sheet's cell holds 32,767, a reader far less
DOCUMENT_ROWS = 2_000  # a printed table longer than this helps nobody; the sheet and the JSON hold every row
_WIDTHS = (20, 44, 10, 34, 8, 6, 26, 16, 34, 24, 26, 40, 16, 12, 22)


def write_xlsx(judged: Sequence[Judgement], titles: Mapping[str, str], out: IO[bytes]) -> None:
    """Three sheets: 按机关, 按义务, 按事件; every cell is text or a number, never a formula."""
    book = Workbook(write_only=True)
    for name, head, rows in _tables(judged, titles):
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        for index, width in enumerate(_WIDTHS if head is DETAILS else (34, *[11] * len(TALLY))):
            sheet.column_dimensions["ABCDEFGHIJKLMNO"[index]].width = width
        _append(sheet, head, bold=True)
        for row in rows:
            _append(sheet, row)
    book.save(out)


def write_docx(judged: Sequence[Judgement], titles: Mapping[str, str], out: IO[bytes]) -> None:
    """The same tables as a document in landscape; the last one ends after DOCUMENT_ROWS rows and says so."""
    document = Document()
    section = document.sections[0]
    section.orientation, width = WD_ORIENT.LANDSCAPE, section.page_width
    section.page_width, section.page_height = section.page_height, width
    document.add_heading(TITLE, 0)
    document.add_paragraph(NOTE)
    for name, head, rows in _tables(judged, titles):
        document.add_heading(name, 1)
        _fill(document, [head, *rows[:DOCUMENT_ROWS]])
        if len(rows) > DOCUMENT_ROWS:
            document.add_paragraph(f"共 {len(rows)} 行，此处列出前 {DOCUMENT_ROWS} 行；全部见 xlsx 或 json。")
    document.save(out)


def write_json(judged: Sequence[Judgement], titles: Mapping[str, str], out: IO[bytes]) -> None:
    """The same tables as JSON."""
    keys = {"按机关": "bodies", "按义务": "rules", "按事件": "obligations"}
    tables = {
        keys[name]: [dict(zip(head, row, strict=True)) for row in rows] for name, head, rows in _tables(judged, titles)
    }
    out.write(msgspec.json.format(msgspec.json.encode(tables), indent=1) + b"\n")


def summary(row: Tally) -> list[Cell]:
    """One body or duty."""
    return [row.name, row.judged, row.met, row.late, row.retracted, row.unknown, row.pending, row.excluded]


def details(judged: Sequence[Judgement], titles: Mapping[str, str]) -> list[list[Cell]]:
    """One row an obligation, every clock of it."""
    return [
        [
            instant(judgement.opened_at), judgement.title, GRADES[judgement.severity.grade]
            if judgement.severity.grade else "未定",
            titles.get(one.rule, one.rule), MODALITIES[one.modality], "是" if one.provisional else "",
            one.body or "待定", clock_name(one.clock), span(one.start), due_words(one.due), VERDICTS[one.verdict],
            reason_words(one.reason), one.rule, one.rule_version, judgement.id,
        ]
        for judgement in judged
        for one in judgement.obligations
    ]  # fmt: skip


def printable(text: str) -> str:
    """What a file format can carry and a reader bear: no unseen characters, at most CELL_LIMIT."""
    return plain(text, CELL_LIMIT)


def _tables(
    judged: Sequence[Judgement], titles: Mapping[str, str]
) -> list[tuple[str, Sequence[str], list[list[Cell]]]]:
    bodies, rules = by_body(judged), by_rule(judged, titles)
    return [
        ("按机关", BODIES, _clean([summary(row) for row in (*bodies, total(bodies))])),
        ("按义务", RULES, _clean([summary(row) for row in rules])),
        ("按事件", DETAILS, _clean(details(judged, titles))),
    ]


def _clean(rows: list[list[Cell]]) -> list[list[Cell]]:
    return [[printable(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]


def _append(sheet: WriteOnlyWorksheet, values: Row, *, bold: bool = False) -> None:
    cells = []
    for value in values:
        cell = WriteOnlyCell(sheet, value=value)
        # A crawled title may begin with "=": as a quoted string it stays text, also when somebody edits the cell.
        if isinstance(value, str):
            cell.data_type = "s"
            cell.quotePrefix = value[:1] in {"=", "+", "-", "@"}
        if bold:
            cell.font = Font(bold=True)
        cells.append(cell)
    sheet.append(cells)


def _fill(document: Any, rows: Sequence[Row]) -> None:
    table = document.add_table(rows=len(rows), cols=len(rows[0]))
    table.style = "Table Grid"
    # `table.rows[i].cells` walks the whole table each time; its rows, walked once, do not.
    for row, values in zip(table.rows, rows, strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = str(value)
