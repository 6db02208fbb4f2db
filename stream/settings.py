"""Settings: strict YAML into typed structs; an unknown key is an error with its path and the nearest right key."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import yaml
from msgspec import Meta, Struct, field

from stream.errors import SettingsError

T = TypeVar("T")


class Backend(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`bus` and `store`: "sqlite" (one file under the data folder), or Kafka and Elasticsearch. `workers`: partitions
    of the topics, fixed when they are made; where one command runs everything also its stateless processes."""

    bus: Literal["sqlite", "kafka"] = "sqlite"
    store: Literal["sqlite", "elastic"] = "sqlite"
    workers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 2


class Kafka(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The Kafka cluster. `addresses`: host:port, HUIYING_KAFKA overrides (separated by commas). The password comes from
    `password_file` or HUIYING_KAFKA_PASSWORD."""

    addresses: list[str] = field(default_factory=lambda: ["127.0.0.1:9092"])
    security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    replication: Annotated[int, Meta(ge=1, le=9)] = 1
    creates_topics: bool = True


class Elastic(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The Elasticsearch cluster. `addresses`: URLs, HUIYING_ELASTIC overrides (separated by commas). Secrets come from
    `password_file`, `api_key_file`, HUIYING_ELASTIC_PASSWORD or HUIYING_ELASTIC_API_KEY."""

    addresses: list[str] = field(default_factory=lambda: ["http://127.0.0.1:9200"])
    username: str | None = None
    password_file: str | None = None
    api_key_file: str | None = None
    ca_file: str | None = None
    shards: Annotated[int, Meta(ge=1, le=100)] = 1
    replicas: Annotated[int, Meta(ge=0, le=5)] = 0
    creates_templates: bool = True


class Retention(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long things are kept: raw pages on the bus in hours, third-party posts in days (domain: 30 by default)."""

    pages_hours: Annotated[int, Meta(ge=1)] = 24
    posts_days: Annotated[int, Meta(ge=1)] = 30


class Vault(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The evidence vault: `key_file` holds the key for captures that are not an authority's own (none: hash only).
    `signing_key_file`: an Ed25519 private key (PEM) that signs evidence files; `stamping_url`: a time-stamping
    authority (RFC 3161) that is asked for each."""

    key_file: str | None = None
    signing_key_file: str | None = None
    stamping_url: str | None = None


class Files(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The other configuration files, relative to the one that names them. `holidays` may be missing: no local ones."""

    sources: str = "sources.yaml"
    authorities: str = "authorities.yaml"
    topics: str = "topics.yaml"
    rules: str = "rules.yaml"
    alerts: str = "alerts.yaml"
    holidays: str = "holidays.yaml"


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One profile: where things run. `data` is HUIYING_DATA, `namespace` is HUIYING_NAMESPACE. `max_page_bytes`: the
    largest message; crawlers cut pages to it, larger rows are rejected, the bus takes none beyond it."""

    backend: Backend = field(default_factory=Backend)
    files: Files = field(default_factory=Files)
    retention: Retention = field(default_factory=Retention)
    vault: Vault = field(default_factory=Vault)
    kafka: Kafka = field(default_factory=Kafka)
    elastic: Elastic = field(default_factory=Elastic)
    max_page_bytes: Annotated[int, Meta(ge=65_536, le=64 << 20)] = 4 << 20
    namespace: str = "huiying"
    data: Path = Path("data")
    folder: Path = Path("config")

    def file(self, name: str) -> Path:
        """Path of one of `files`."""
        return self.folder / str(getattr(self.files, name))


def load_settings(path: Path) -> Settings:
    """The profile at `path`, environment laid over it. Raises SettingsError naming file, path and remedy."""
    settings = load_yaml(path, Settings)
    changes: dict[str, Any] = {"folder": path.parent}
    if data := os.environ.get("HUIYING_DATA"):
        changes["data"] = Path(data)
    if namespace := os.environ.get("HUIYING_NAMESPACE"):
        changes["namespace"] = namespace
    if addresses := os.environ.get("HUIYING_KAFKA"):
        changes["kafka"] = msgspec.structs.replace(settings.kafka, addresses=_listed(addresses))
    if addresses := os.environ.get("HUIYING_ELASTIC"):
        changes["elastic"] = msgspec.structs.replace(settings.elastic, addresses=_listed(addresses))
    return msgspec.structs.replace(settings, **changes)


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def load_yaml(path: Path, kind: type[T]) -> T:
    """A strict YAML file as `kind`. Raises SettingsError with file, path inside it, and what to do."""
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), _Strict)  # noqa: S506 (a SafeLoader)
    except FileNotFoundError:
        raise SettingsError(f"{path}：文件不存在。请检查路径，或从仓库的 config/ 复制一份") from None
    except OSError as error:
        raise SettingsError(f"{path}：读不出（{error.strerror}）。请检查路径和权限") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}：不是 UTF-8（第 {error.start} 字节）。请用 UTF-8 另存") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"第 {mark.line + 1} 行第 {mark.column + 1} 列" if mark else "某处"
        raise SettingsError(f"{path}：{where} YAML 语法有误（{getattr(error, 'problem', error)}）；请改正") from None
    try:
        return msgspec.convert({} if raw is None else raw, kind, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}：{_explain(str(error), kind)}") from None


class _Strict(yaml.CSafeLoader):
    """YAML lets the last of two equal keys win in silence; here that is an error. By libyaml: seven times as fast as
    the loader in Python, which took most of a short command's time."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(None, None, f"`{key.value}` 写了两次", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _path(kind: type[Any], value: Any) -> Any:
    """Folders are written as text."""
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"Expected `str`, got `{type(value).__name__}`")


def _explain(message: str, kind: type[Any]) -> str:
    """msgspec's message in Chinese, with the nearest right key where a key is unknown."""
    where = re.search(r" - at `(.*?)`", message)
    place = where.group(1) if where else "$"
    if unknown := re.search(r"unknown field `(.*?)`", message):
        near = difflib.get_close_matches(unknown.group(1), _field_names(kind), n=1)
        hint = f"是否想写 `{near[0]}`？" if near else "请删除它"
        return f"{place} 中没有 `{unknown.group(1)}` 这一项；{hint}"
    if missing := re.search(r"missing required field `(.*?)`", message):
        return f"{place} 缺少 `{missing.group(1)}`；请补上"
    if wrong := re.search(r"Expected `(.*?)`, got `(.*?)`", message):
        return f"{place} 应为 {wrong.group(1)}，实为 {wrong.group(2)}；请改正"
    return f"{place} 有误：{message}；请改正"


def _field_names(kind: type[Any]) -> list[str]:
    """Every field name reachable from `kind`."""
    names: set[str] = set()
    seen: set[Any] = set()

    def visit(node: Any) -> None:
        if node in seen:
            return
        seen.add(node)
        if isinstance(node, type) and issubclass(node, Struct):
            for one in msgspec.structs.fields(node):
                names.add(one.encode_name)
                visit(one.type)
        for inner in getattr(node, "__args__", ()):
            visit(inner)

    visit(kind)
    return sorted(names)
