"""The web side: feeds for machines, pages for readers, an API for newsrooms, health for whoever watches."""

from feedsvc.web.app import create_app
from feedsvc.web.feeds import AnswerPoll, has_body, keep_report_card, poll_answerer_of

__all__ = ["AnswerPoll", "create_app", "has_body", "keep_report_card", "poll_answerer_of"]
