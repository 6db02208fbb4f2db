"""The invented case, lived once for all tests of this folder."""

from __future__ import annotations

import pytest

from stream.proof.archive import pack
from stream.proof.configuring import configuration
from stream.proof.dossier import Dossier, dossier
from stream.settings import Settings
from tests.proof.exhibits import BLAST, lived, opened


@pytest.fixture(scope="session")
def case(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Where the case stands in a store and a vault."""
    return lived(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="session")
def exported(case: Settings) -> Dossier:
    """What proves it, as it stands ruled."""
    with opened(case) as backends:
        return dossier(backends, configuration(case), BLAST, None)


@pytest.fixture(scope="session")
def exhibit(exported: Dossier) -> bytes:
    """The evidence file."""
    return pack(exported.parts)
