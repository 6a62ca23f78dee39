"""The web side: feeds for machines, pages for readers, an API for newsrooms, health for whoever watches."""

from feedsvc.web.app import create_app

__all__ = ["create_app"]
