"""A paper as docx: landscape A4, tables with a grid, their heads again on every page, Chinese type, page numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from dashboard.exports.tables import PAPER_ROWS, Paper, Table, is_cut

FONT, LATIN = "宋体", "Times New Roman"
_WIDE, _HIGH, _MARGIN = Cm(29.7), Cm(21.0), Cm(1.8)


def write_docx(paper: Paper, out: IO[bytes]) -> None:
    """Title, head fields, every table under its name (a form's alone without), notes at the end."""
    document = Document()
    _set_type(document)
    _set_page(document)
    title = document.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _set_font(title.add_run(paper.title), 18, bold=True)
    document.add_paragraph("　　".join(f"{name}：{value}" for name, value in paper.head))
    for table in paper.tables:
        if not (paper.is_form and len(paper.tables) == 1):
            _set_font(document.add_paragraph().add_run(table.name), 13, bold=True)
        _add_table(document, table)
        if cut := is_cut(table, PAPER_ROWS):
            document.add_paragraph(cut)
    for note in paper.notes:
        document.add_paragraph(note)
    document.save(out)


def _set_type(document: Any) -> None:
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = LATIN, Pt(9)
    normal.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), FONT)
    normal.paragraph_format.space_after = Pt(2)


def _set_font(run: Any, size: int, *, bold: bool) -> None:
    run.font.size, run.font.bold = Pt(size), bold


def _set_page(document: Any) -> None:
    section = document.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.LANDSCAPE, _WIDE, _HIGH
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = _MARGIN
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    footer._p.append(field)


def _add_table(document: Any, table: Table) -> None:
    shown = table.rows[:PAPER_ROWS]
    made = document.add_table(rows=1 + len(shown), cols=len(table.columns))
    made.style, made.autofit = "Table Grid", False
    whole = _WIDE - 2 * _MARGIN
    widths = [int(whole * one / sum(table.widths)) for one in table.widths]
    for column, width in zip(made.columns, widths, strict=True):
        column.width = width
    # `table.rows[i].cells` walks the whole table each time; its rows, walked once, do not.
    for place, (row, values) in enumerate(zip(made.rows, (table.columns, *shown), strict=True)):
        _fill(row, [str(one) for one in values], widths, is_head=not place)


def _fill(row: Any, values: Sequence[str], widths: Sequence[int], *, is_head: bool) -> None:
    properties = row._tr.get_or_add_trPr()
    # A row is not torn by a page's end; the heads come again on the next page.
    properties.append(OxmlElement("w:cantSplit"))
    if is_head:
        properties.append(OxmlElement("w:tblHeader"))
    for cell, value, width in zip(row.cells, values, widths, strict=True):
        cell.width = width
        cell.text = value
        if is_head:
            cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
            for run in cell.paragraphs[0].runs:
                run.font.bold = True
