"""What a page shows while its store cannot be asked: one line that names server, fault and remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from stream.errors import OutsideFailed


@contextmanager
def told() -> Iterator[None]:
    """Around a page, and around (as a decorator) each part that refreshes by itself: that one asks again next time."""
    try:
        yield
    except OutsideFailed as error:
        st.error(str(error), icon=":material/cloud_off:")
