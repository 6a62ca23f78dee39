"""Settings -> the configuration with which nginx answers polls as the service does (templates/nginx.conf)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from feedsvc.config import Server, Settings
from feedsvc.feed import opml
from feedsvc.feed.formats import FORMATS
from feedsvc.model import ARCHIVE_FORMAT
from feedsvc.targets import ARCHIVE_MAX_AGE_SECONDS, describe_caching, list_targets
from feedsvc.web.polls.answer import CORS, SECURITY

LISTEN = ("80", "[::]:80")

_SHORT_ADDRESS_BYTES = 40
"""Longer ones do not fit nginx's default of a cache line for each bucket of a map."""

_FEW_ADDRESSES = 1_000
"""More of them do not fit its 2,048 buckets, and nginx would warn."""

_BUCKET_BYTES = 512
_UNQUOTABLE = re.compile(r"[\x00-\x1f$]")
_NEVER_BARE = re.compile(r"[\x00-\x20\"'\\;{}$#]")
"""What ends a word of nginx's language, or means something in one."""


def write_recipe(
    settings: Settings,
    *,
    listen: Sequence[str] = LISTEN,
    root: str | None = None,
    brotli: bool = True,
    headers_more: bool = True,
    keep_open: bool = False,
) -> str:
    """What goes into nginx's http block.

    `root` is the feeds folder as nginx sees it, if that is another path. `brotli` and `headers_more` say that nginx has
    these modules. With `keep_open` nginx may give out a document for a second after it has been replaced. Raises
    ValueError for a folder or an address that nginx can't be told of.
    """
    base = urlsplit(settings.site.base_url)
    for given in (base.hostname or "", base.path, settings.server.host):
        if _NEVER_BARE.search(given):
            raise ValueError(
                f"nginx can't be told of {given!r}: white space, a quote or one of ; {{ }} $ # \\ is in it"
            )
    cachings = {f"{base.path}{path}": target.cache_control for path, target in list_targets(settings).items()}
    is_large = len(cachings) > _FEW_ADDRESSES or max(map(len, cachings)) > _SHORT_ADDRESS_BYTES
    return _template().render(
        archive_caching=describe_caching(ARCHIVE_MAX_AGE_SECONDS),
        archive_suffix=FORMATS[ARCHIVE_FORMAT].suffix,
        brotli=brotli,
        bucket_bytes=_BUCKET_BYTES if is_large else None,
        buckets=max(2_048, len(cachings)),
        cachings=cachings,
        headers=(*CORS, *SECURITY),
        headers_more=headers_more,
        keep_open=keep_open,
        is_https=base.scheme == "https",
        listen=listen,
        media_types={row.suffix: row.media_type for row in FORMATS.values()} | {opml.SUFFIX: opml.MEDIA_TYPE},
        mount=base.path,
        mount_pattern=re.escape(base.path),
        root=_quote(root or str(settings.feeds_dir)).rstrip("/"),
        server_name=f"[{base.hostname}]" if ":" in (base.hostname or "") else base.hostname,
        upstream=_reach(settings.server),
    )


def _reach(server: Server) -> str:
    """Where a service that listens there answers."""
    host = server.host
    try:
        address = ip_address(host)
    except ValueError:
        return f"{host}:{server.port}"
    if address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"  # noqa: PLR2004  # IPv4
    return f"[{host}]:{server.port}" if ":" in host else f"{host}:{server.port}"


def _quote(path: str) -> str:
    """As it stands between double quotes; nginx has no way to write a dollar sign."""
    if _UNQUOTABLE.search(path):
        raise ValueError(f"nginx can't be told of the folder {path!r}: it has no way to write $ or a control character")
    return path.replace("\\", "\\\\").replace('"', '\\"')


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("feedsvc.web"),
        autoescape=False,  # noqa: S701  # nginx's own language
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("nginx.conf")
