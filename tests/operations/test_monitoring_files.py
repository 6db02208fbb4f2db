"""What is drawn and alarmed exists: every metric that deploy/ names is ours, and every one of ours is explained."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stream.metrics import METRICS
from tests.operations.composed import ROOT, services

DEPLOY = ROOT / "deploy"
# Prometheus makes the first itself; the others come from prometheus-client.
FOREIGN = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total"}
WORDS = {
    "sum",
    "max",
    "min",
    "by",
    "le",
    "rate",
    "increase",
    "deriv",
    "time",
    "absent",
    "or",
    "and",
    "histogram_quantile",
}


def alerts() -> list[dict[str, Any]]:
    found = yaml.safe_load((DEPLOY / "alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in found["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
    return [panel for panel in found["panels"] if panel["type"] != "row"]


EXPRESSIONS = {rule["alert"]: rule["expr"] for rule in alerts()} | {
    f"{panel['title']} {target['refId']}": target["expr"] for panel in panels() for target in panel["targets"]
}


def words(expression: str) -> set[str]:
    """Names outside of strings, ranges and label matchers."""
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]|\{[^}]*\}', "", expression)
    return set(re.findall(r"[a-z_]\w*", re.sub(r"by \([^)]*\)", "", bare)))


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_metric_that_is_asked_for_is_ours(name: str) -> None:
    asked = {re.sub(r"_(?:bucket|sum|count)$", "", word) for word in words(EXPRESSIONS[name]) - WORDS}
    assert asked
    assert asked <= set(METRICS) | FOREIGN


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_label_that_is_grouped_by_is_there(name: str) -> None:
    text = EXPRESSIONS[name]
    metrics = [METRICS[word] for word in METRICS if word.removesuffix("_total") in text]
    labels = {label for metric in metrics for label in metric.labels} | {"le", "job", "instance"}
    grouped = {one.strip() for inside in re.findall(r"by \(([^)]*)\)", text) for one in inside.split(",")}
    assert grouped <= labels


def test_every_metric_is_drawn() -> None:
    drawn = " ".join(target["expr"] for panel in panels() for target in panel["targets"])
    assert [name for name in METRICS if name not in drawn] == []


def test_the_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & cells, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_no_label_could_grow_without_bound() -> None:
    """Labels are words of code or configuration; no post, incident, address or person has a series of its own."""
    assert {label for metric in METRICS.values() for label in metric.labels} == {
        "step", "part", "reason", "server", "channel", "outcome", "source", "fate", "verdict",
    }  # fmt: skip


@pytest.mark.parametrize("name", METRICS)
def test_names_say_unit_and_kind(name: str) -> None:
    """As Prometheus wants it: counters end in _total, and only they; times in seconds."""
    assert name.endswith("_total") == (METRICS[name].kind == "counter")
    assert re.fullmatch(r"huiying_[a-z_]+", name)


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_explained(name: str, page: str) -> None:
    assert re.search(rf"^\| `{name}`", page, flags=re.M)


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_every_alert_has_its_remedy(rule: dict[str, Any], page: str) -> None:
    [row] = re.findall(rf"^\| {rule['alert']} \|([^|]+)\|([^|]+)\|$", page, flags=re.M)
    assert all(len(cell.strip()) > 20 for cell in row)
    assert rule["labels"]["severity"] in {"page", "ticket"}


def test_nothing_is_explained_that_is_not_there(page: str) -> None:
    assert set(re.findall(r"^\| `(huiying_\w+)`", page, flags=re.M)) == set(METRICS)
    assert set(re.findall(r"^\| (Huiying\w+) \|", page, flags=re.M)) == {rule["alert"] for rule in alerts()}


def test_who_is_asked_is_there() -> None:
    found = yaml.safe_load((DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))
    for job in found["scrape_configs"]:
        [asked] = job["dns_sd_configs"]
        [name] = asked["names"]
        assert services()[name]["environment"]["HUIYING_METRICS"] == f"0.0.0.0:{asked['port']}"


def test_monitoring_mounts_what_is_there() -> None:
    mounts = [
        str(mount).split(":")[0] for one in services(DEPLOY / "monitoring.yml").values() for mount in one["volumes"]
    ]
    files = [mount for mount in mounts if mount.startswith("./")]
    assert len(files) == 4
    assert [file for file in files if not (ROOT / file).is_file()] == []


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed")
def test_the_alerts_ring_when_they_should() -> None:
    file = Path(__file__).with_name("alert-rules.yml")
    done = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
