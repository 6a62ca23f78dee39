"""config.yaml -> Settings. An error names file, line, column, key and the mend; all errors come at once.

    bytes --tree--> located values --environment--> ${NAME} filled in --shape--> right keys and types
          --names--> sections that fit together --complete--> Settings, every default filled in

`SettingsSource` follows the file while a process runs.
"""

from feedsvc.config.reading import load
from feedsvc.config.settings import Bulk, ProofMode, Server, Settings
from feedsvc.config.shape import json_schema
from feedsvc.config.source import SettingsSource

__all__ = ["Bulk", "ProofMode", "Server", "Settings", "SettingsSource", "json_schema", "load"]
