"""What retention takes from a post and what it leaves. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from stream.core.documents import Post


def is_forgettable(post: Post) -> bool:
    """Whether retention applies (no authority's own words) and there is still text to drop."""
    texts = (post.text, post.mention.title, post.mention.quote, *(one.text or one.title for one in post.versions))
    return post.mention.kind != "authority" and any(texts)


def forgotten(post: Post) -> Post:
    """The post without words and pseudonym; hashes, times, heat and what was read from it stay (retention)."""
    return replace(
        post,
        text="",
        author=None,
        versions=[replace(one, title="", text="") for one in post.versions],
        mention=replace(post.mention, title="", quote=""),
    )
