"""A paper as xlsx: one sheet a table, landscape A4 at page width, the column heads on every printed page. Every cell
is text or a number, never a formula."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from dashboard.exports.tables import SHEET_ROWS, Cell, Paper, Table, is_cut

FONT = "宋体"
_THIN = Side(style="thin", color="999999")
_BODY = {
    "font": Font(name=FONT, size=10),
    "alignment": Alignment(wrap_text=True, vertical="top"),
    "border": Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN),
}
_HEAD = {**_BODY, "font": Font(name=FONT, size=10, bold=True), "alignment": Alignment(
    wrap_text=True, vertical="center", horizontal="center")}  # fmt: skip
_TITLE = {"font": Font(name=FONT, size=16, bold=True), "alignment": Alignment(vertical="center")}
_LINE = {"font": Font(name=FONT, size=10), "alignment": Alignment(vertical="center")}
_FORMULA_SIGNS = frozenset("=+-@")

Style = dict[str, Font | Alignment | Border]


def write_xlsx(paper: Paper, out: IO[bytes]) -> None:
    """A form: title, head fields, the table, notes on one sheet. Else the first sheet, 说明, says what the others hold,
    and each table begins in the first row of its own sheet."""
    book = Workbook(write_only=True)
    if paper.is_form:
        for table in paper.tables:
            _form(book.create_sheet(table.name), paper, table)
    else:
        for table in (_about(paper), *paper.tables):
            _plain(book.create_sheet(table.name), table)
    book.save(out)


def _about(paper: Paper) -> Table:
    cut = (sentence for one in paper.tables if (sentence := is_cut(one, SHEET_ROWS)))
    rows: list[list[Cell]] = [
        [one] for one in (*(f"{name}：{value}" for name, value in paper.head), *paper.notes, *cut)
    ]
    return Table(key="about", name="说明", columns=(paper.title,), widths=(120,), rows=rows)


def _form(sheet: WriteOnlyWorksheet, paper: Paper, table: Table) -> None:
    _set_page(sheet, table, head_row=3)
    _append(sheet, [paper.title], _TITLE)
    _append(sheet, ["　　".join(f"{name}：{value}" for name, value in paper.head)], _LINE)
    _fill(sheet, table)
    cut = is_cut(table, SHEET_ROWS)
    for note in (*paper.notes, *([cut] if cut else [])):
        _append(sheet, [note], _LINE)


def _plain(sheet: WriteOnlyWorksheet, table: Table) -> None:
    _set_page(sheet, table, head_row=1)
    _fill(sheet, table)


def _fill(sheet: WriteOnlyWorksheet, table: Table) -> None:
    _append(sheet, table.columns, _HEAD)
    for row in table.rows[:SHEET_ROWS]:
        _append(sheet, row, _BODY)


def _set_page(sheet: WriteOnlyWorksheet, table: Table, head_row: int) -> None:
    """Before the first row: the file is written as it goes."""
    sheet.freeze_panes = f"A{head_row + 1}"
    sheet.print_title_rows = f"{head_row}:{head_row}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4 if hasattr(sheet, "PAPERSIZE_A4") else 9
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.center.text = "第 &P 页，共 &N 页"
    for index, width in enumerate(table.widths, 1):
        sheet.column_dimensions[get_column_letter(index)].width = width


def _append(sheet: WriteOnlyWorksheet, values: Sequence[Cell], style: Style) -> None:
    cells = []
    for value in values:
        cell = WriteOnlyCell(sheet, value=value)
        for name, part in style.items():
            setattr(cell, name, part)
        # A crawled title may begin with "=": as a quoted string it stays text, also when somebody edits the cell.
        if isinstance(value, str):
            cell.data_type = "s"
            cell.quotePrefix = value[:1] in _FORMULA_SIGNS
        cells.append(cell)
    sheet.append(cells)
