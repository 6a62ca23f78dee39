"""feedsvc: articles in; RSS, Atom and JSON feeds out, each proved before it goes live."""

from importlib.metadata import version

__version__ = version("feedsvc")
