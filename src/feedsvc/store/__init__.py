"""The database: schema, migrations, and the few questions we ask of it."""

from feedsvc.store.store import Store, Transaction

__all__ = ["Store", "Transaction"]
