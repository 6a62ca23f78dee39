"""Polls: /feeds/<section>.rss|.atom|.json, archives and the OPML list, answered without Flask.

request --targets--> document --documents--> what is known of it --negotiation--> coding --conditional--> answer
                     (one stat)                                                                 (304, 200, 412)
"""

from feedsvc.web.polls.answer import Answer
from feedsvc.web.polls.polls import Environ, Polls, environ_of

__all__ = ["Answer", "Environ", "Polls", "environ_of"]
