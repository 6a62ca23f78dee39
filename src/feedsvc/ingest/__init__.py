"""Outside shapes -> ArticleInput, canonical. Pure: a refusal names field, value and reason.

bytes --parse_json--> JSON values --accept--> Accepted     the API; merge_patch and to_json serve its PATCH
bytes --parse_json--> JSON values --read_withdrawal--> WithdrawalInput     an editor's word on a withdrawal
file  --read_file--> Batch of Accepted and refusals        `feedsvc import`
Article --find_excess--> Problems     what was stored without passing the gate
"""

from feedsvc.ingest.article import Accepted, ArticleJSON, accept, to_json
from feedsvc.ingest.feed import is_feed
from feedsvc.ingest.files import UNDERSTOOD, Batch, Refused, Taken, decode_page, read_file
from feedsvc.ingest.jsontext import merge_patch, parse_json
from feedsvc.ingest.newspage import read_newspage
from feedsvc.ingest.stored import find_excess, is_costly
from feedsvc.ingest.withdrawal import WithdrawalInput, read_withdrawal

__all__ = [
    "UNDERSTOOD",
    "Accepted",
    "ArticleJSON",
    "Batch",
    "Refused",
    "Taken",
    "WithdrawalInput",
    "accept",
    "decode_page",
    "find_excess",
    "is_costly",
    "is_feed",
    "merge_patch",
    "parse_json",
    "read_file",
    "read_newspage",
    "read_withdrawal",
    "to_json",
]
