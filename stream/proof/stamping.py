"""A time stamp (RFC 3161) over an evidence file: a third party's word that these bytes existed then."""

from __future__ import annotations

import hashlib
from datetime import datetime
from http.client import HTTPException
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from stream.core.intervals import SHANGHAI
from stream.errors import OutsideFailed, SettingsError

SUFFIX = ".tsr"
PATIENCE_S = 15.0
MOST_BYTES = 1 << 20
"""A response with a chain of certificates is a few kilobytes."""


def stamp(file: bytes, url: str) -> bytes:
    """The authority's response (DER), seen to be over this file; its certificate is for the verifier to trust. Raises
    OutsideFailed, SettingsError."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise SettingsError(f"vault.stamping_url：{url} 不是 http(s) 地址")
    request = TimestampRequestBuilder().data(file).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = _asked(url, request.as_bytes())
    try:
        response = decode_timestamp_response(answer)
        info = response.tst_info
        is_ours = info.message_imprint.message == hashlib.sha256(file).digest() and info.nonce == request.nonce
    except ValueError as error:
        raise OutsideFailed(f"{url}：答的不是时间戳（{error}）") from error
    if not is_ours:
        raise OutsideFailed(f"{url}：答的不是这份文件的时间戳")
    return answer


def stamped_at(file: bytes, answer: bytes, certificates: bytes) -> datetime:
    """When the authority saw this file, by certificates (PEM) that the verifier trusts: roots, and those on the way to
    them. Raises ValueError where the stamp is another file's, altered, or of somebody else."""
    known = x509.load_pem_x509_certificates(certificates)
    builder = VerifierBuilder()
    for one in known:
        is_root = one.issuer == one.subject
        builder = builder.add_root_certificate(one) if is_root else builder.add_intermediate_certificate(one)
    try:
        response = decode_timestamp_response(answer)
        builder.build().verify_message(response, file)
        return response.tst_info.gen_time.astimezone(SHANGHAI)
    except VerificationError as error:
        raise ValueError(str(error)) from error


def _asked(url: str, body: bytes) -> bytes:
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    try:
        with urlopen(Request(url, data=body, headers=headers), timeout=PATIENCE_S) as answer:  # noqa: S310 (`stamp` looks)
            found: bytes = answer.read(MOST_BYTES)
            return found
    except (OSError, HTTPException, ValueError) as error:
        raise OutsideFailed(f"{url}：时间戳服务没有应答（{error}）；原卷已写好，可稍后再出具") from error
