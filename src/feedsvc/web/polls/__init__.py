"""Polls: /feeds/<section>.rss|.atom|.json, archives and the OPML list, answered without Flask.

request --targets--> document --documents--> what is known of it --negotiation--> coding --conditional--> answer
                     (one stat)                                                                 (304, 200, 412)
"""

from feedsvc.web.polls.addresses import TrustedHops
from feedsvc.web.polls.answer import Answer
from feedsvc.web.polls.budget import Budget
from feedsvc.web.polls.card import ReportCard
from feedsvc.web.polls.keeper import Keeper
from feedsvc.web.polls.limit import AnswerDocument, limited
from feedsvc.web.polls.polls import Environ, Polls, environ_of

__all__ = [
    "Answer",
    "AnswerDocument",
    "Budget",
    "Environ",
    "Keeper",
    "Polls",
    "ReportCard",
    "TrustedHops",
    "environ_of",
    "limited",
]
