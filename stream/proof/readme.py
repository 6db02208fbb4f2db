"""The note that lies in every evidence file, for somebody who never saw the system."""

from __future__ import annotations

README = """\
回应钟 · 原卷（证据文件）说明

一、这是什么
本文件汇集了对一起事件作出时限裁定所依据的全部材料，供任何人（包括被裁定的机关）不依赖出具方的数据库独立复核。
只记录机关是否按时回应，不涉及议论者是谁：群众发帖只留摘句与哈希，不含作者、账号与网址。

二、各部分
incident.json     事实：首次公开、事发时间、数字、各次发布、人的决定；每条带获知时刻与出处
judgement.json    裁定：每条规则的起点、时限、结论、理由、依据，全部变更，监看缺口，分机关结果
computation.txt   裁定如何算出（逐条，中文）
mentions.jsonl    事实所引的每条信息：标题、摘句（不超过 200 字）、网址、时间、哈希
captures.json     抓取原始字节的清单；captures/ 下为机关渠道页面的原样存证（WARC）
coverage.jsonl    监看渠道的逐次轮询记录：何时可访问、何时不可访问、何时获知
rules.yaml        据以裁定的规则库原文，含每条规则的引文与出处
authorities.yaml  机关登记原文；channels.json 为另由信源配置监看的渠道
audit.jsonl       有关本事件的人的决定在登记链上的各环
versions.json     软件、规则与识别模型的版本
manifest.json     以上每一部分的大小与 SHA-256，以及“截至何时所知”

三、如何复核
1. 安装同一版本的软件（versions.json 的 software），运行：huiying verify 本文件.zip
   它逐字节检查文件，按 incident.json、coverage.jsonl、rules.yaml 重新裁定，与 judgement.json 逐项比对，
   并从存证页面重新读出发布时间与内容哈希。
2. 不用本软件也可复核：各部分的 SHA-256 可用 sha256sum 核对；captures 下的文件名即其自身的 SHA-256，
   可用任何 WARC 工具打开；时限按 computation.txt 逐条手算即可。
3. 文件本身是否被整体换过：将其 SHA-256 与出具方书面告知的、或登记链所记的摘要比对（--digest），
   或以出具方公开的公钥验签（--key，旁附 .sig 文件），有时间戳的再核对时间戳（旁附 .tsr 文件）。

四、它不证明什么
没有摘要、签名或时间戳时，只能证明文件内部前后一致：有人可以改动事实后重新生成整个文件。
页面存证证明本系统当时收到了这些字节；“未见发布”只对 coverage.jsonl 所列渠道和时段成立。
裁定依 rules.yaml 所载规则作出，规则引文请与原文件核对。
""".encode()
