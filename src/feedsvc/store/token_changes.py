"""What an open transaction can do to tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, or_, update

from feedsvc.errors import ConflictError
from feedsvc.model import Token
from feedsvc.store import changes, schema
from feedsvc.store.records import token_from


class TokenChanges:
    """Part of a Transaction, which holds the connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"

    def add_token(self, name: str, token_hash: str, sections: Sequence[str], now: datetime) -> Token:
        """Raises ConflictError if the name is taken by a token that is not revoked."""
        columns = {"name": name, "token_hash": token_hash, "sections": list(sections), "created": now}
        insertion = changes.insertion(schema.token, is_sqlite=self._is_sqlite).on_conflict_do_nothing()
        row = self._connection.execute(insertion.returning(schema.token), columns).one_or_none()
        if row is None:
            raise ConflictError("name", f"a token named {name!r} is in use: revoke it first, or choose another name")
        return token_from(row)

    def revoke_token(self, name: str, now: datetime) -> Token | None:
        """The token of that name that was in use until now, or None if there is none.

        Those that it has replaced, and that were to be good for a while yet, go with it.
        """
        token = schema.token.c
        is_in_force = or_(token.revoked.is_(None), token.revoked > now)
        revoking = update(schema.token).where(token.name == name, is_in_force).values(revoked=now)
        rows = self._connection.execute(revoking.returning(schema.token)).all()
        return max(map(token_from, rows), key=lambda each: each.id, default=None)

    def rotate_token(self, name: str, token_hash: str, now: datetime, until: datetime) -> Token | None:
        """A new one in the place of the token of that name, for the same sections; that is refused from `until` on.

        None if there is none in use.
        """
        token = schema.token.c
        retiring = update(schema.token).where(token.name == name, token.revoked.is_(None)).values(revoked=until)
        row = self._connection.execute(retiring.returning(schema.token)).one_or_none()
        if row is None:
            return None
        # Those that earlier ones replaced are good for no longer than the one that replaced them.
        longer = update(schema.token).where(token.name == name, token.revoked > until).values(revoked=until)
        self._connection.execute(longer)
        return self.add_token(name, token_hash, token_from(row).sections, now)

    def note_token_use(self, token_id: int, now: datetime) -> None:
        """Remember when it was last used."""
        self._connection.execute(update(schema.token).where(schema.token.c.id == token_id).values(last_used=now))
