"""An Ed25519 signature (RFC 8032) over the whole evidence file: 64 bytes beside it, checked by any tool.

For example: openssl pkeyutl -verify -rawin -pubin -inkey public.pem -sigfile X.zip.sig -in X.zip
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

SUFFIX = ".sig"


def sign(file: bytes, private_pem: bytes) -> bytes:
    """The signature. Raises ValueError where the key is no unencrypted Ed25519 private key in PEM."""
    try:
        key = load_pem_private_key(private_pem, None)
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(str(error)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("no Ed25519 key")
    return key.sign(file)


def is_signed(file: bytes, signature: bytes, public_pem: bytes) -> bool:
    """Whether the owner of this key signed this file. Raises ValueError where the key is no Ed25519 public key."""
    try:
        key = load_pem_public_key(public_pem)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("no Ed25519 key")
    try:
        key.verify(signature, file)
    except InvalidSignature:
        return False
    return True
