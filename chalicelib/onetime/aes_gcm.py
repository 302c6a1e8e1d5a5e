"""
AES-256-GCM of the OpenSSL that Python itself is linked with, called through `ctypes`.

`hashlib` needs that library anyway, so nothing has to ship: no machine code in the zip, which runs
on x86_64 and arm64 alike, and nothing to load before the first text is sealed or opened. OpenSSL
takes the processor's own AES, whose timing does not depend on the key.

Sources: NIST SP 800-38D; the manual page EVP_EncryptInit(3), section "GCM and OCB Modes".
"""

from __future__ import annotations

import _hashlib
import ctypes
import ctypes.util
import functools
from contextlib import contextmanager
from ctypes import byref, c_int, c_void_p, create_string_buffer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TAG_BYTES = 16
_GET_TAG, _SET_TAG = 0x10, 0x11  # EVP_CTRL_AEAD_GET_TAG and EVP_CTRL_AEAD_SET_TAG


def encrypt(key: bytes, iv: bytes, plain: bytes, associated: bytes) -> bytes:
    """Return ciphertext and tag. *key* has 32 bytes, *iv* 12; never use an *iv* twice."""
    crypto = _crypto()
    out, length = create_string_buffer(len(plain) + 1), c_int()
    tag = create_string_buffer(TAG_BYTES)
    with _context() as context:
        _check(crypto.EVP_EncryptInit_ex(context, crypto.EVP_aes_256_gcm(), None, key, iv))
        _check(crypto.EVP_EncryptUpdate(context, None, byref(length), associated, len(associated)))
        _check(crypto.EVP_EncryptUpdate(context, out, byref(length), plain, len(plain)))
        _check(crypto.EVP_EncryptFinal_ex(context, None, byref(c_int())))
        _check(crypto.EVP_CIPHER_CTX_ctrl(context, _GET_TAG, TAG_BYTES, tag))
    return out.raw[: length.value] + tag.raw


def decrypt(key: bytes, iv: bytes, sealed: bytes, associated: bytes) -> bytes:
    """
    Return what `encrypt` got.

    Raises:
        ValueError: Another key, iv or associated text, or *sealed* is altered.
    """
    crypto = _crypto()
    ciphertext, tag = sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]
    out, length = create_string_buffer(len(ciphertext) + 1), c_int()
    with _context() as context:
        _check(crypto.EVP_DecryptInit_ex(context, crypto.EVP_aes_256_gcm(), None, key, iv))
        _check(crypto.EVP_DecryptUpdate(context, None, byref(length), associated, len(associated)))
        _check(crypto.EVP_DecryptUpdate(context, out, byref(length), ciphertext, len(ciphertext)))
        _check(crypto.EVP_CIPHER_CTX_ctrl(context, _SET_TAG, TAG_BYTES, tag))
        if crypto.EVP_DecryptFinal_ex(context, None, byref(c_int())) != 1:
            raise ValueError("The tag does not fit.")
    return out.raw[: length.value]


@contextmanager
def _context() -> Iterator[int]:
    crypto = _crypto()
    context = crypto.EVP_CIPHER_CTX_new()
    if not context:
        raise MemoryError
    try:
        yield context
    finally:
        crypto.EVP_CIPHER_CTX_free(context)


def _check(returned: int) -> None:
    if returned != 1:
        raise RuntimeError("OpenSSL refused a call.")


@functools.cache
def _crypto() -> ctypes.CDLL:
    """Return OpenSSL: through the module of Python that uses it, in Python, or in the system."""
    for name in (getattr(_hashlib, "__file__", None), None, ctypes.util.find_library("crypto")):
        library = ctypes.CDLL(name)
        if hasattr(library, "EVP_aes_256_gcm"):
            break
    data, number = ctypes.c_char_p, ctypes.POINTER(c_int)
    update = [c_void_p, c_void_p, number, data, c_int]
    for name, result, arguments in (
        ("EVP_aes_256_gcm", c_void_p, []),
        ("EVP_CIPHER_CTX_new", c_void_p, []),
        ("EVP_CIPHER_CTX_free", None, [c_void_p]),
        ("EVP_CIPHER_CTX_ctrl", c_int, [c_void_p, c_int, c_int, c_void_p]),
        ("EVP_EncryptInit_ex", c_int, [c_void_p, c_void_p, c_void_p, data, data]),
        ("EVP_DecryptInit_ex", c_int, [c_void_p, c_void_p, c_void_p, data, data]),
        ("EVP_EncryptUpdate", c_int, update),
        ("EVP_DecryptUpdate", c_int, update),
        ("EVP_EncryptFinal_ex", c_int, [c_void_p, c_void_p, number]),
        ("EVP_DecryptFinal_ex", c_int, [c_void_p, c_void_p, number]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
