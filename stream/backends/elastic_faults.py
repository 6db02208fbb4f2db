"""What went wrong at Elasticsearch, in one line that names the server, the fault and the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from elasticsearch import ApiError, ConnectionTimeout, TransportError, UnsupportedProductError

from stream.errors import OutsideFailed

MAJOR = 9
"""The major version of Elasticsearch that the client and our requests are made for."""


def explained(error: ApiError | TransportError, address: str) -> OutsideFailed:
    """The exception of the client library as ours."""
    if isinstance(error, UnsupportedProductError):
        return OutsideFailed(f"{address} 应答了，但不是 Elasticsearch {MAJOR}；请检查 elastic.addresses")
    if isinstance(error, ApiError):
        status, kind, reason = error.meta.status, *_cause(error.body)
        return OutsideFailed(f"Elasticsearch {address} {refused(status, kind, reason)}")
    if isinstance(error, ConnectionTimeout):
        return OutsideFailed(f"Elasticsearch {address} 超时未应答；请查看它是否停住、磁盘或内存是否吃紧")
    return OutsideFailed(
        f"Elasticsearch {address} 连不上（{_short(error)}）；请确认它在运行，"
        "地址（elastic.addresses 或 HUIYING_ELASTIC）与证书（elastic.ca_file）无误"
    )


def refused(status: int, kind: str, reason: str) -> str:
    """Fault and remedy of an answer that is an error, of a request or of one item of it."""
    if kind == "cluster_block_exception":
        return _blocked(reason)
    if kind == "media_type_header_exception":
        return wrong_version("更早的版本")
    if kind == "validation_exception" and "maximum" in reason and "shards" in reason:
        return f"分片已满（{_line(reason)}）；请增加节点，或缩短 retention.posts_days"
    return _of_status(status, f"{kind}：{_line(reason)}")


def _of_status(status: int, cause: str) -> str:
    if status == 401:
        return "拒绝登录（401）；请检查 elastic.username 与口令，或 API key"
    if status == 403:
        return f"不许这样做（403，{cause}）；请给这个账户索引与模板的读写权限"
    if status in (429, 503):
        return f"暂时应付不来（{status}，{cause}）；请查看节点的负载与分片状态"
    return f"报错（{status}，{cause}）"


def wrong_version(number: str) -> str:
    """The server is of another major version."""
    return f"是 {number}，这里需要 {MAJOR}.x；请升级服务器，或改用相配的版本"


def is_write_block(kind: str, reason: str) -> bool:
    """Whether an index takes no writes because someone set `index.blocks.write`: ours do when their day is over."""
    return kind == "cluster_block_exception" and "/8/" in reason


def _blocked(reason: str) -> str:
    if "disk usage" in reason or "read-only / allow delete" in reason:
        return f"磁盘将满，索引已变为只读（{_line(reason)}）；请腾出空间，它会自行解除"
    if "state not recovered" in reason or "no master" in reason:
        return f"集群尚未就绪（{_line(reason)}）；请等它恢复，或检查主节点"
    return f"索引不可写（{_line(reason)}）；请解除 index.blocks 后重试"


def _cause(body: Any) -> tuple[str, str]:
    """Type and reason of an error body; what is not one (a proxy's page) as it is."""
    error = body.get("error") if isinstance(body, Mapping) else body
    if not isinstance(error, Mapping):
        return "error", str(error)
    cause = (error.get("root_cause") or [error])[0]
    return str(cause.get("type")), str(cause.get("reason"))


def _short(error: TransportError) -> str:
    text = str(error)
    if "refused" in text:
        return "连接被拒绝"
    if "ertificate" in text or "SSL" in text:
        return f"TLS：{_line(text)}"
    return f"连接中断或无法建立：{_line(text)}"


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
