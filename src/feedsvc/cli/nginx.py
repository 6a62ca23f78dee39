"""`feedsvc nginx`: the configuration of an nginx that stands before the service."""

from __future__ import annotations

import click

from feedsvc import config
from feedsvc.cli.commands import Failure, config_option, given_config
from feedsvc.cli.terminal import print_line
from feedsvc.runtime import find_config
from feedsvc.web.recipe import LISTEN, write_recipe


@click.command("nginx")
@click.option(
    "--listen", multiple=True, metavar="ADDRESS", help="What nginx listens on, else port 80; may be repeated."
)
@click.option("--root", metavar="FOLDER", help="The feeds folder as nginx sees it, if that is another path.")
@click.option("--without-brotli", is_flag=True, help="nginx has no brotli_static: gzip is the best there is then.")
@click.option(
    "--without-headers-more",
    is_flag=True,
    help="nginx has no more_clear_input_headers: who sends If-None-Match and If-Modified-Since is the service's then.",
)
@click.option(
    "--keep-open",
    is_flag=True,
    help="nginx keeps files open for a second: more polls, and a new document is seen up to a second later.",
)
@config_option
def command(
    listen: tuple[str, ...], root: str | None, without_brotli: bool, without_headers_more: bool, keep_open: bool
) -> None:
    """Print the nginx configuration for this config.yaml, to be included in nginx's http block.

    nginx then answers polls from the feeds folder, as the service would, and passes everything else on.
    """
    settings = config.load(find_config(given_config()))
    try:
        printed = write_recipe(
            settings,
            listen=listen or LISTEN,
            root=root,
            brotli=not without_brotli,
            headers_more=not without_headers_more,
            keep_open=keep_open,
        )
    except ValueError as error:
        raise Failure(f"{error}.") from error
    print_line(printed.removesuffix("\n"))
