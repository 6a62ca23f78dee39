"""Feeds, pure: no clock, no file, no database, no Flask. compose -> render -> verify, and the table of formats."""
