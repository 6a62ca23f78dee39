"""API tokens: a secret of 256 random bits is shown once, its SHA-256 is what gets stored.

A slow password hash would protect guessable secrets; these can't be guessed, and every API request pays for the hash.
"""

from __future__ import annotations

import hashlib
import secrets

PREFIX = "fs_"
"""Lets people and secret scanners recognise a token of this service."""

_RANDOM_BYTES = 32


def mint() -> str:
    """A new token, URL-safe ASCII: `fs_` and 43 characters."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def hash_token(token: str) -> str:
    """The form in which a token is stored and looked up: SHA-256 in hex.

    A lookup by it leaks nothing through timing: whoever sends guesses can't choose their hashes digit by digit.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
