"""The schema's history, run by Store.migrate().

A new step: `alembic.command.revision(feedsvc.store.migrate.alembic_config(), "What it does")` makes the file; write it,
change schema.py alike and set schema.REVISION to it. A step that was released is never edited.
"""
