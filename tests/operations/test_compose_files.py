"""docker-compose.yml and its override: valid by the official schema, safe by default, and true of the code.

No engine runs here: what these tests cannot show stands in docs/operations.md.
"""

import copy
import importlib.resources
import json
import os
import re
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stream.configuration import problems
from stream.settings import load_settings
from tests.operations.composed import BASE, CLUSTER, IMAGE, ROOT, instruction, load, services

FILES = sorted([BASE, *(path for path in (ROOT / "deploy").glob("*.yml") if "services:" in path.read_text("utf-8"))])
OURS = ("crawler", "worker", "dashboard")
LASTING = (*OURS, "kafka", "elasticsearch")


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    """The official one of the Compose specification, as check-jsonschema carries it."""
    folder = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    return Draft202012Validator(json.loads((folder / "compose-spec.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_schema_takes_it(path: Path, schema: Draft202012Validator) -> None:
    assert [f"{error.json_path}: {error.message}" for error in schema.iter_errors(load(path))] == []


@pytest.mark.parametrize("change", [{"comand": ["run"]}, {"mem_limit": []}, {"depends_on": {"kafka": {"state": "up"}}}])
def test_the_schema_refuses_a_slip(change: dict[str, Any], schema: Draft202012Validator) -> None:
    broken = copy.deepcopy(load(BASE))
    broken["services"]["worker"] |= change
    assert list(schema.iter_errors(broken)) != []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_service_is_confined(path: Path) -> None:
    """An override adds to a service of the same name; a new one is confined by itself or by what it extends."""
    for name, one in services(path).items():
        if "extends" in one or (path != BASE and name in services()):
            continue
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert one["cap_drop"] == ["ALL"], name
        assert "mem_limit" in one, name
        assert re.search(r":v?\d+\.\d+\.\d+$", one["image"]), f"{name}: {one['image']} is not pinned"
        assert not {"privileged", "cap_add", "pid", "ipc", "devices"} & set(one), name


@pytest.mark.parametrize("name", [*OURS, "keys"])
def test_ours_cannot_write_and_are_not_root(name: str) -> None:
    one = services()[name]
    assert (one["image"], one["pull_policy"], one["user"], one["read_only"]) == (IMAGE, "never", "1000:1000", True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_published_is_published_on_loopback(path: Path) -> None:
    ports = [port for one in services(path).values() for port in one.get("ports", ())]
    assert [port for port in ports if not str(port).startswith("127.0.0.1:")] == []
    if path == BASE:
        assert ports == ["127.0.0.1:8501:8501"]


def test_the_servers_are_out_of_reach() -> None:
    assert load(BASE)["networks"]["inside"] == {"internal": True}
    assert all(services()[name]["networks"] == ["inside"] for name in ("kafka", "elasticsearch"))


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_says_how_it_is(name: str) -> None:
    """By its own check, or the image's; and it comes back."""
    one = services()[name]
    assert "test" in one.get("healthcheck", {}) or (one["image"] == IMAGE and "/health" in instruction("HEALTHCHECK"))
    assert one["restart"] == "unless-stopped"
    assert one["init"] is True


def test_workers_can_be_scaled() -> None:
    assert {"ports", "container_name", "hostname"} & set(services()["worker"]) == set()


def named(one: dict[str, Any]) -> set[str]:
    mounts = [str(mount).partition(":")[0] for mount in one.get("volumes", ())]
    return {mount for mount in mounts if not mount.startswith(".")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_named_is_there(path: Path) -> None:
    both = [load(BASE), load(path)]
    known = {key: {name for one in both for name in one.get(key) or {}} for key in ("services", "volumes", "networks")}
    for one in services(path).values():
        assert set(one.get("depends_on", ())) <= known["services"]
        assert named(one) <= known["volumes"]
        assert set(one.get("networks", ())) <= known["networks"]
        if "extends" in one:
            assert one["extends"]["service"] in services(path.parent / one["extends"]["file"])


def test_no_volume_is_left_over() -> None:
    assert {name for one in services().values() for name in named(one)} == set(load(BASE)["volumes"])


@pytest.mark.parametrize(("path", "profile"), [(BASE, "compose"), (CLUSTER, "compose-cluster")])
def test_the_profile_fits(path: Path, profile: str) -> None:
    """The services read it, its addresses are services, its copies are no more than there are servers."""
    merged = {**services(), **{name: services().get(name, {}) | one for name, one in services(path).items()}}
    found = load_settings(ROOT / "config" / f"{profile}.yaml")
    assert {merged[name]["environment"]["HUIYING_CONFIG"] for name in OURS} == {f"config/{profile}.yaml"}
    brokers = {f"{name}:9092" for name in merged if name.startswith("kafka")}
    nodes = {f"http://{name}:9200" for name in merged if name.startswith("elasticsearch")}
    assert (set(found.kafka.addresses), set(found.elastic.addresses)) == (brokers, nodes)
    assert found.kafka.replication == len(brokers)
    assert found.elastic.replicas < len(nodes)
    assert problems(ROOT / "config" / f"{profile}.yaml") == []


def test_the_topics_have_as_many_partitions_as_in_the_other_profile() -> None:
    workers = {load_settings(ROOT / "config" / f"{name}.yaml").backend.workers for name in ("compose", "distributed")}
    assert workers == {3}


def test_every_broker_and_node_speaks_under_its_own_name() -> None:
    for name, one in services(CLUSTER).items():
        if name.startswith("kafka"):
            environment = services()["kafka"]["environment"] | one["environment"]
            assert environment["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{name}:9092"
            assert f"{environment['KAFKA_NODE_ID']}@{name}:9093" in environment["KAFKA_CONTROLLER_QUORUM_VOTERS"]
        if name.startswith("elasticsearch"):
            environment = services()["elasticsearch"]["environment"] | one["environment"]
            assert environment["node.name"] == name
            assert name in environment["cluster.initial_master_nodes"].split(",")


def test_the_password_is_where_it_is_looked_for() -> None:
    path = load_settings(ROOT / "config" / "compose.yaml").elastic.password_file
    assert path == services()["elasticsearch"]["environment"]["ELASTIC_PASSWORD_FILE"]
    assert all("secrets:/secrets:ro" in services()[name]["volumes"] for name in (*OURS, "elasticsearch"))


def test_no_secret_stands_in_a_file() -> None:
    secret = re.compile(r"(?:PASSWORD|SECRET|TOKEN|API_KEY)(?!_FILE)\w*\s*[:=]\s*\S")
    texts = {path.name: path.read_text(encoding="utf-8") for path in (*FILES, ROOT / "Dockerfile")}
    assert [name for name, text in texts.items() if secret.search(text)] == []


def test_the_keys_are_made_once(tmp_path: Path) -> None:
    """The very script of the service, over a folder of ours."""
    script = services()["keys"]["command"][0].replace("/secrets", str(tmp_path)).replace("$$", "$")

    def run() -> str:
        subprocess.run(["sh", "-euc", script], check=True, env={"PATH": os.environ["PATH"]})
        return (tmp_path / "elastic_password").read_text(encoding="ascii")

    made = run()
    assert re.fullmatch(r"[0-9a-f]{48}", made)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alert_urls", "elastic_password"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    (tmp_path / "alert_urls").write_text("desk=json://example.org/\n", encoding="utf-8")
    assert run() == made
    assert "desk" in (tmp_path / "alert_urls").read_text(encoding="utf-8")


def test_the_image_is_this_version_of_all_our_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert f"huiying:{project['project']['version']}" == IMAGE
    packages = {name.partition(".")[0] for name in project["tool"]["setuptools"]["packages"]}
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = {source for line in re.findall(r"^COPY (?!--)(.*)$", text, flags=re.M) for source in line.split()[:-1]}
    let_in = set(re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), flags=re.M))
    assert copied == let_in == packages | {"config", "pyproject.toml", "constraints.txt", "README.md", "LICENSE"}


def test_the_image_is_nobody_special() -> None:
    assert instruction("USER") == "1000:1000"
    assert instruction("ENTRYPOINT") == '["huiying"]'
    assert "--constraint constraints.txt" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_image_holds_every_package() -> None:
    """Installed there, unlike here, is only what pyproject.toml lists."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {
        str(path.parent.relative_to(ROOT)).replace("/", ".")
        for top in ("crawlers", "dashboard", "stream")
        for path in (ROOT / top).rglob("*.py")
        if not {"data", "__pycache__"} & set(path.parts)
    }
    assert folders == set(project["packages"])
