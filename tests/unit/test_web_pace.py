from feedsvc.web.pace import Pace, Remembered


class Seconds:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_pace_lets_one_through_in_its_time() -> None:
    seconds = Seconds()
    pace = Pace(60, seconds)
    assert [pace.is_due(), pace.is_due()] == [True, False]
    seconds.now += 59.9
    assert not pace.is_due()
    seconds.now += 0.1
    assert [pace.is_due(), pace.is_due()] == [True, False]


def test_a_value_is_kept_for_its_time_and_then_made_anew() -> None:
    seconds = Seconds()
    made: list[int] = []

    def make() -> int:
        made.append(len(made))
        return made[-1]

    remembered = Remembered(1, make, seconds)
    assert [remembered.get(), remembered.get()] == [0, 0]
    seconds.now += 1
    assert [remembered.get(), remembered.get()] == [1, 1]
