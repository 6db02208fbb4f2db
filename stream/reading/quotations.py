"""Authorities quoted in a text whose title names none: …局通报：…; 据…局消息，…; …局表示 where somebody complained."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stream.core.documents import Answer, IssuerKind
from stream.reading.attribution import LEAD, Context, bodies_until, is_passive, is_place, made, sentence_end
from stream.reading.forms import form_of, forms_in
from stream.reading.issuers import PUBLIC, Speaker, before, listed, speakers, with_role
from stream.reading.scan import Hit

QUOTED_GAP = 16
SAID = frozenset({"表示", "介绍", "称"})
SOURCE = re.compile(r"据([^，。：\n]{3,30}?)(?:消息|通报|通告|公告|官网|网站|微博|公众号|发布|透露|披露)?[，：,]")
COMPLAINED = re.compile("网友|网民|市民|居民|反映|投诉|质疑|视频|引发关注|事发|发生")


def quoted(post: Context) -> Answer | None:
    """An authority quoted early in the text: …市场监督管理局通报：…; 据…局消息，…"""
    until = post.lead + LEAD
    hits = [hit for hit in post.hits if post.lead < hit.start < until]
    if not hits and not post.named:
        return None
    found = [one for one in bodies_until(post, until) if one.start > post.lead]
    named = [one for one in speakers(hits, post.text, found) if one.kind in PUBLIC]
    if not named and not any(hit.end > post.lead for hit in post.places):
        return None
    for start, end, strength in with_role(hits, "verb"):
        verb = post.text[start:end]
        if strength == "strong":
            speaker = _quotable(post, start, named)
        elif strength == "say" and verb in SAID and COMPLAINED.search(post.text, post.lead, start):
            speaker = _named_before(post, start, named)
        else:
            continue
        if speaker is not None:
            return _quote(post, speaker, verb, end, hits)
    return _sourced(post, named, hits)


def _quote(post: Context, speaker: Speaker, verb: str, end: int, hits: Sequence[Hit]) -> Answer:
    """What is quoted after `end`: the sentence's own words give its form."""
    until = sentence_end(post.text, end)
    sentence = [hit for hit in hits if end <= hit.start < until]
    kind: IssuerKind = "state_media_quoting_authority"
    form = form_of(kind, "回应" if verb in SAID else verb, "", forms_in(sentence), post.text[speaker.start :])
    return made(post, kind, form, speaker)


def _named_before(post: Context, verb: int, named: Sequence[Speaker]) -> Speaker | None:
    """The office with its place's name that stands right before a verb of saying."""
    speaker = before(verb, named, post.text, 4)
    if speaker is None or is_passive(post.text, speaker):
        return None
    return speaker if any(speaker.start <= start < speaker.end for start in post.named) else None


def _sourced(post: Context, named: Sequence[Speaker], hits: Sequence[Hit]) -> Answer | None:
    """据…局消息, where the title or the sentence tells of an official act."""
    for source in SOURCE.finditer(post.text, post.lead, post.lead + LEAD):
        speaker = next((one for one in named if source.start(1) <= one.start and one.end == source.end(1)), None)
        until = sentence_end(post.text, source.end())
        told = [hit for hit in post.hits if hit.end <= post.lead or source.end() <= hit.start < until]
        if speaker is not None and forms_in(told) & {"result", "clarification", "update"}:
            is_done = "result" in forms_in([hit for hit in told if hit.end <= post.lead])
            kind = speaker.kind if is_done else "state_media_quoting_authority"
            return made(post, kind, form_of(kind, "通报", "", forms_in(told)), speaker)
    return None


def _quotable(post: Context, verb: int, named: Sequence[Speaker]) -> Speaker | None:
    """The office, or the place, that says so; 官方微博发布 and 相关部门 name nobody."""
    for hit in post.places:
        if is_place(hit, verb):
            return Speaker(hit.start, hit.end, "government")
    speaker = before(verb, named, post.text, QUOTED_GAP)
    if speaker is None or is_passive(post.text, speaker):
        return None
    return None if post.text[speaker.start : speaker.end] in listed("generic") else speaker
