"""What the worker can't do now: told once for each reason, and when it works again."""

from __future__ import annotations

from feedsvc.errors import FeedsvcError
from feedsvc.log import get_logger

log = get_logger(__name__)

_DATABASE = "database"


class Troubles:
    """By the part of the worker that has them."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def complain(self, part: str, error: Exception) -> None:
        if self._said.get(part) != str(error):
            self._said[part] = str(error)
            log.error("worker_trouble", part=part, error=str(error), exc_info=bug_in(error))

    def complain_of_store(self, error: Exception) -> None:
        """Its words change from try to try."""
        if _DATABASE not in self._said:
            self._said[_DATABASE] = str(error)
            log.error("store_unavailable", part=_DATABASE, error=str(error))

    def recover_store(self) -> None:
        self.recover(_DATABASE)

    def recover(self, part: str) -> None:
        if self._said.pop(part, None) is not None:
            log.info("worker_recovered", part=part)


def bug_in(error: Exception | str) -> Exception | None:
    """What nobody raised on purpose is logged with the place where it was raised."""
    return None if isinstance(error, FeedsvcError | str) else error
