"""What a look at a page costs a cluster: requests, counted."""

from collections import Counter

import pytest
from elastic_transport import Transport

pytestmark = pytest.mark.distributed


@pytest.fixture(scope="session")
def filled(distributed):
    return distributed


@pytest.fixture
def asked(monkeypatch):
    """Every request to Elasticsearch of this process, by method and path."""
    found = Counter()
    plain = Transport.perform_request

    def counted(self, method, target, **more):
        found[f"{method} {target.partition('?')[0]}"] += 1
        return plain(self, method, target, **more)

    monkeypatch.setattr(Transport, "perform_request", counted)
    return found


# Nothing of it grows with what the store holds. Live: seven lists of one verdict each and what stands around them;
# incident: three fragments that refresh by themselves, and what people decided, put on record and chained.
MOST = {"live": 14, "timers": 2, "search": 2, "review": 2, "incident": 16}


@pytest.mark.parametrize("page", MOST)
def test_a_page_asks_few_questions_and_opens_no_connection(look, incidents, asked, page):
    looked = look(page, id=incidents["檀溪市"].id)
    asked.clear()
    looked.app.run()
    assert not looked.app.exception
    assert "GET /" not in asked
    assert 0 < sum(asked.values()) <= MOST[page], asked
