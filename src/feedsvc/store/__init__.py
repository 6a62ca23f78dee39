"""The database: schema, migrations, and the few questions we ask of it."""

from feedsvc.store.backup import BackupNote, is_backup, open_backup, write_backup
from feedsvc.store.ledger import Ledger
from feedsvc.store.mapping import Salvage
from feedsvc.store.migrate import Revision
from feedsvc.store.queries import Time
from feedsvc.store.questions import Questions, Reading
from feedsvc.store.rows import KnownRows
from feedsvc.store.store import Store
from feedsvc.store.transaction import Transaction

__all__ = [
    "BackupNote",
    "KnownRows",
    "Ledger",
    "Questions",
    "Reading",
    "Revision",
    "Salvage",
    "Store",
    "Time",
    "Transaction",
    "is_backup",
    "open_backup",
    "write_backup",
]
