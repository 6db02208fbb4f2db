"""How the pages look: one style sheet, given to the browser once a page."""

from __future__ import annotations

from PIL import Image, ImageDraw

STYLE = """
<style>
[data-testid=stAppDeployButton],[data-testid=stMainMenu]{display:none}
[data-testid=stHeader]{background:transparent;pointer-events:none}[data-testid=stHeader] button{pointer-events:auto}
[data-testid=stMainBlockContainer]{padding:1.6rem 2.4rem 3rem;max-width:100rem}
[data-testid=stSidebar]{min-width:9rem;max-width:11rem}
h1{font-size:1.7rem!important;padding:.2rem 0 .4rem!important}
h3{font-size:1.15rem!important;padding:.6rem 0 .1rem!important}
[data-stale=true]{opacity:1!important}
.hy-pill{display:inline-block;padding:.05rem .5rem;border-radius:1rem;font-size:.85rem;white-space:nowrap}
.hy-pill{font-weight:600;line-height:1.45}
.hy-met{background:#d8f0de;color:#10602b}.hy-late{background:#b3261e;color:#fff}
.hy-soft{background:#fbdcd9;color:#95170c}.hy-retracted{background:#f5d9ec;color:#7d1259}
.hy-unknown{background:#e0e0ea;color:#3c3c55}.hy-pending{background:#fdeec8;color:#735000}
.hy-none{background:#f1f1f1;color:#666;font-weight:400}
.hy-table{width:100%;border-collapse:collapse;font-size:.9rem;margin:.1rem 0 .4rem}
.hy-table th{text-align:left;font-weight:600;color:#666;border-bottom:2px solid #ddd;padding:.25rem .5rem}
.hy-table th{white-space:nowrap;font-size:.84rem}
.hy-table td{border-bottom:1px solid #e8e8e8;padding:.36rem .5rem;vertical-align:top;overflow-wrap:anywhere}
.hy-table td{unicode-bidi:isolate;max-width:34rem}
.hy-table tr.hy-sub td{color:#666;border-bottom:1px dotted #e8e8e8;padding-top:.15rem;padding-bottom:.15rem}
.hy-table tr.hy-bad td{background:#fdf3f2}
.hy-table td.hy-num,.hy-table th.hy-num{text-align:right;font-variant-numeric:tabular-nums}
.hy-table a,.hy-title{color:#16457a}.hy-title{font-weight:600;text-decoration:none}
.hy-title:hover{text-decoration:underline}
.hy-clock{font-variant-numeric:tabular-nums;font-weight:700;font-size:1.02rem;white-space:nowrap}
.hy-over{color:#95170c}.hy-small{color:#666;font-size:.8rem;line-height:1.35}
.hy-nowrap{white-space:nowrap}.hy-live table{table-layout:fixed}
.hy-live th:first-child{width:27%}.hy-live th:nth-child(2){width:16%}
.hy-head{font-size:1.35rem;font-weight:700;margin:0 0 .3rem;overflow-wrap:anywhere;unicode-bidi:isolate}
.hy-tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.7rem;margin:.2rem 0 .5rem}
.hy-tile{border:1px solid #ddd;border-radius:.5rem;padding:.45rem .8rem;border-left:.4rem solid #bbb}
.hy-tile b{display:block;font-size:1.6rem;line-height:1.25;font-variant-numeric:tabular-nums}
.hy-tile.t-late{border-left-color:#b3261e}.hy-tile.t-pending{border-left-color:#e0a800}
.hy-tile.t-unknown{border-left-color:#77779a}.hy-tile.t-met{border-left-color:#2c9c50}
.hy-group{font-weight:700;margin:.9rem 0 .1rem;padding-left:.5rem;border-left:.3rem solid #bbb}
.hy-group.t-late{border-color:#b3261e}.hy-group.t-pending{border-color:#e0a800}
.hy-group.t-unknown{border-color:#77779a}.hy-group.t-met{border-color:#2c9c50}
.hy-facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:.35rem 1.2rem;font-size:.92rem}
.hy-facts,.hy-facts div,.hy-facts dt,.hy-facts dd{margin:0!important;padding:0!important}
.hy-facts dt{color:#666;font-size:.8rem}.hy-facts dd{overflow-wrap:anywhere}
.hy-bar{display:flex;height:.75rem;min-width:8rem;border-radius:.3rem;overflow:hidden;background:#eee;margin-top:.3rem}
.hy-bar i{display:block;height:100%}
.hy-bar .b-met{background:#2c9c50}.hy-bar .b-late{background:#b3261e}
.hy-bar .b-retracted{background:#b0468f}.hy-bar .b-unknown{background:#9a9ab5}
.hy-answer .hy-table{font-size:1rem}.hy-answer td{max-width:24rem}
.hy-unsure{border-left:.3rem solid #77779a;padding:.2rem .6rem;font-size:.92rem;margin:.2rem 0 .5rem}
[data-testid=stFileUploaderDropzoneInstructions]{display:none!important}
[data-testid=stFileUploaderDropzone] button[kind=secondary]{font-size:0}
[data-testid=stFileUploaderDropzone] button[kind=secondary] *{display:none}
[data-testid=stFileUploaderDropzone] button[kind=secondary]::after{content:"选择文件";font-size:.9rem}
[data-testid=InputInstructions]{display:none}
.hy-found{background:#fff1b8}.hy-hash{font-family:monospace;font-size:.78rem;overflow-wrap:anywhere;color:#666}
</style>
"""


def icon() -> Image.Image:
    """A clock face for the browser's tab, drawn here: Streamlit fetches named icons from a server on the internet."""
    face = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    pen = ImageDraw.Draw(face)
    pen.ellipse((4, 4, 60, 60), fill="white", outline="#b3261e", width=7)
    pen.line((32, 32, 32, 15), fill="#333333", width=6)
    pen.line((32, 32, 44, 40), fill="#333333", width=6)
    return face
