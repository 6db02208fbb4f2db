"""Backup of a namespace: snapshots of its indices in a file-system repository, and back under the same names.

The folder must be one that every node sees and has under `path.repo` (elasticsearch.yml). A snapshot is not one instant
over all indices: take it while no worker writes, or let the bus bring again what came meanwhile.
"""

from __future__ import annotations

from typing import Any

from elasticsearch import Elasticsearch

from stream.backends.elastic_client import Client
from stream.backends.elastic_indices import Names
from stream.errors import OutsideFailed
from stream.settings import Settings

_LONG_S = 24 * 3600.0


class Snapshots:
    """Snapshots of one namespace, in a repository that is called like it. Failures are OutsideFailed."""

    def __init__(self, settings: Settings) -> None:
        self._client = Client(settings.elastic)
        self._names = Names(settings.namespace)
        self._repository = settings.namespace

    def register(self, location: str) -> None:
        """Says where the repository is: a folder on the servers, absolute or below `path.repo`."""
        place = {"type": "fs", "settings": {"location": location}}
        self._client.ask(lambda es: es.snapshot.create_repository(name=self._repository, repository=place))

    def taken(self) -> list[str]:
        """The names of the snapshots that are complete, oldest first."""
        found = self._client.ask(lambda es: es.snapshot.get(repository=self._repository, snapshot="*"))
        return [one["snapshot"] for one in found["snapshots"] if one["state"] == "SUCCESS"]

    def take(self, name: str) -> int:
        """Keeps every index of the namespace under a new name (lower case); how many. Waits until it is done."""
        indices = self._indices()
        answer = self._client.ask(
            lambda es: _patient(es).snapshot.create(
                repository=self._repository, snapshot=name, indices=indices, include_global_state=False,
                feature_states=["none"], wait_for_completion=True,
            )
        )  # fmt: skip
        self._check(name, answer["snapshot"]["shards"])
        return len(indices)

    def restore(self, name: str) -> int:
        """Brings the indices of a snapshot back; how many. Refused where the namespace has any: nothing is overwritten.
        Templates come with the next save."""
        if there := self._indices():
            raise OutsideFailed(
                f"Elasticsearch {self._client.address} 上 {self._repository} 已有 {len(there)} 个索引"
                f"（如 {there[0]}）；恢复只写入空的 namespace，请另选一个集群，或先删去它们"
            )
        answer = self._client.ask(
            lambda es: _patient(es).snapshot.restore(
                repository=self._repository, snapshot=name, indices=self._names.of("*"), include_global_state=False,
                feature_states=["none"], include_aliases=True, wait_for_completion=True,
            )
        )  # fmt: skip
        self._check(name, answer["snapshot"]["shards"])
        return len(answer["snapshot"]["indices"])

    def close(self) -> None:
        """Ends the connections."""
        self._client.close()

    def _indices(self) -> list[str]:
        pattern = self._names.of("*")
        found = self._client.ask(lambda es: es.options(ignore_status=404).indices.get_mapping(index=pattern))
        return sorted(index for index in found if self._names.tag(index))

    def _check(self, name: str, shards: dict[str, Any]) -> None:
        if shards["failed"] or shards["successful"] < shards["total"]:
            done = f"{shards['successful']}/{shards['total']} 个分片"
            raise OutsideFailed(
                f"Elasticsearch {self._client.address} 的快照 {name} 不完整（{done}）；请查看分片状态后重做"
            )


def _patient(es: Elasticsearch) -> Elasticsearch:
    """Hours are well spent here, and asking twice would start it twice."""
    return es.options(request_timeout=_LONG_S, max_retries=0)
