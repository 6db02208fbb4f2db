"""A store that cannot be asked is said in one line on every page, with what helps; no page breaks."""

import json
from pathlib import Path

import msgspec
import pytest

from tests.contracts.elastic.loopback import error, serving

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="session")
def filled(embedded, tmp_path_factory):
    """The profile of a cluster whose password we do not know."""
    files = {name: str(CONFIG / f"{name}.yaml") for name in ("sources", "authorities", "topics", "rules", "alerts")}
    path = tmp_path_factory.mktemp("away") / "profile.yaml"
    with serving(lambda _: error(401, "security_exception", "unable to authenticate")) as address:
        profile = {"backend": {"bus": "kafka", "store": "elastic"}, "elastic": {"addresses": [address]}, "files": files}
        path.write_text(json.dumps(profile), encoding="utf-8")
        yield msgspec.structs.replace(embedded, config=path)


@pytest.mark.parametrize("page", ["live", "timers", "search", "review", "incident"])
def test_a_page_says_what_is_away(look, page):
    said = [one.value for one in look(page, id="i-1").app.error]
    assert said
    assert all(one.startswith("Elasticsearch http://127.0.0.1:") and "请检查 elastic.username" in one for one in said)
