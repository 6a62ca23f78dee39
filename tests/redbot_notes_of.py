"""REDbot's notes on each URL of the command line, as JSON; run by the Python of REDbot's own environment.

{"http://...": [["WARN", "STORE_PUBLIC_UNNECESSARY", "Cache-Control: public is probably not necessary."], ...], ...}
"""

from __future__ import annotations

import json
import sys
from configparser import ConfigParser

import thor
from httplint.field.parsers import date
from redbot.resource import HttpResource

# On a busy machine it comes late to an answer, and would take that for a clock which is wrong.
date.MAX_CLOCK_SKEW = HttpResource.client.read_timeout = HttpResource.client.connect_timeout = 120


def main(urls: list[str]) -> None:
    parser = ConfigParser()
    parser.read_dict({"redbot": {"enable_local_access": "True"}})
    notes: dict[str, list[tuple[str, str, str]]] = {}

    def check(url: str) -> None:
        resource = HttpResource(parser["redbot"])
        resource.set_request(url)

        def note() -> None:
            assert resource.response.complete, f"no answer from {url}"
            every = list(resource.response.notes)
            every += [each for request in resource.subreqs.values() for each in request.response.notes]
            every += [each for one in every for each in one.subnotes]
            notes[url] = [(each.level.name, type(each).__name__, each.summary) for each in every]
            if len(notes) == len(urls):
                thor.stop()

        resource.once("check_done", note)
        resource.check()

    for url in urls:
        check(url)
    thor.run()
    json.dump(notes, sys.stdout)


main(sys.argv[1:])
