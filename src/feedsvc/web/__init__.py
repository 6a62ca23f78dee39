"""The web side: feeds for machines, pages for readers, an API for newsrooms, health for whoever watches."""

from feedsvc.web.app import create_app
from feedsvc.web.feeds import keep_report_card

__all__ = ["create_app", "keep_report_card"]
