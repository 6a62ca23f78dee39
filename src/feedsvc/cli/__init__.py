"""The command line: one file per command, loaded only when it is the one asked for.

Exit codes: 0 done; 1 refused, blocked, findings, or the world outside failed; 2 wrong use or a bad config.yaml;
130 Ctrl-C; 141 whoever read our output went away. Results go to standard output, messages to standard error.
"""

from __future__ import annotations

from feedsvc.cli.commands import main

__all__ = ["main"]
