"""What a service takes up: memory and descriptors of its processes, files in its folders, lines in its log."""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from service import descendants, name_of

MEBIBYTE = 2**20
_MOST_GROWTH_BYTES = 8 * MEBIBYTE
_MOST_GROWTH_SHARE = 0.1
_MOST_MORE_DESCRIPTORS = 6
_FEWEST_SAMPLES = 12
_LONG_SECONDS = 600.0
"""What lived for less still fills up, so that nothing can be said of it."""

_TICKS = os.sysconf("SC_CLK_TCK")

_LINES_OF_NEWS = {"section_published", "archive_published"}
_EXPECTED_ERRORS = {"child_died", "web_process_died", "pool_lost", "section_failed", "config_refused"}
"""While processes are killed and config.yaml is broken on purpose."""

_MOST_LINES_A_KILL = 40
_MOST_LOG_BYTES = 32 * MEBIBYTE


@dataclass(frozen=True)
class Sample:
    """Of one process. `pss_bytes`: its own memory, and its share of what it shares."""

    pid: int
    kind: str
    at: float
    age_seconds: float
    pss_bytes: int
    descriptors: int


@dataclass
class Scales:
    """All samples, and what they come to."""

    samples: list[Sample] = field(default_factory=list)

    def weigh(self, supervisor: int) -> bool:
        """All processes of a service at this moment; not while a pool is there, with which they share."""
        found = [_weigh(pid) for pid in (supervisor, *descendants(supervisor))]
        if any(sample is None or sample.kind == "feedsvc-pool" for sample in found):
            return False
        self.samples += [sample for sample in found if sample is not None]
        return True

    def describe(self) -> str:
        """Of the last time: memory and descriptors by kind."""
        if not self.samples:
            return "not weighed yet"
        last = [sample for sample in self.samples if sample.at >= self.samples[-1].at - 1]
        kinds: dict[str, list[Sample]] = defaultdict(list)
        for sample in last:
            kinds[sample.kind].append(sample)
        parts = [
            f"{kind.removeprefix('feedsvc-')} {_mebibytes(sum(each.pss_bytes for each in of_kind))}"
            f" ({sum(each.descriptors for each in of_kind)} fds)"
            for kind, of_kind in kinds.items()
        ]
        return f"PSS {_mebibytes(sum(each.pss_bytes for each in last))} MiB: {', '.join(parts)}"

    def long_lived(self, least_seconds: float) -> Iterator[tuple[str, list[Sample]]]:
        """Those that lived so long, each with its samples but those of its first third, when it still fills up."""
        lives: dict[int, list[Sample]] = defaultdict(list)
        for sample in self.samples:
            lives[sample.pid].append(sample)
        for samples in lives.values():
            if samples[-1].age_seconds >= least_seconds:
                grown = [each for each in samples if each.age_seconds >= samples[-1].age_seconds / 3]
                if len(grown) >= _FEWEST_SAMPLES:
                    yield samples[-1].kind, grown

    def compare(self, least_seconds: float) -> Iterator[tuple[str, bool]]:
        """For each of these: how the first half of what is left differs from the second, and whether it is flat."""
        for kind, samples in self.long_lived(least_seconds):
            first, second = samples[: len(samples) // 2], samples[len(samples) // 2 :]
            pss = [median(each.pss_bytes for each in half) for half in (first, second)]
            fds = [median(each.descriptors for each in half) for half in (first, second)]
            most = pss[0] + max(_MOST_GROWTH_BYTES, pss[0] * _MOST_GROWTH_SHARE)
            is_young = samples[-1].age_seconds < _LONG_SECONDS
            verdict = "too young to tell" if is_young else "flat"
            is_flat = is_young or (pss[1] <= most and fds[1] <= fds[0] + _MOST_MORE_DESCRIPTORS)
            minutes = [round(samples[index].age_seconds / 60) for index in (0, len(first), -1)]
            yield (
                (
                    f"{kind} {samples[0].pid}: PSS {_mebibytes(pss[0])} MiB and {fds[0]:.0f} descriptors from minute "
                    f"{minutes[0]} of its life, {_mebibytes(pss[1])} MiB and {fds[1]:.0f} from minute {minutes[1]} to "
                    f"{minutes[2]}, medians of {len(first)} samples: {verdict if is_flat else 'NOT FLAT'}"
                ),
                is_flat,
            )


def _weigh(pid: int) -> Sample | None:
    process = Path(f"/proc/{pid}")
    with suppress(OSError):
        rollup = (process / "smaps_rollup").read_text("ascii")
        found = re.search(r"Pss:\s+(\d+) kB", rollup)
        started = int((process / "stat").read_text().rpartition(")")[2].split()[19]) / _TICKS
        count = sum(1 for _ in (process / "fd").iterdir())
        if found is not None:
            at = time.clock_gettime(time.CLOCK_BOOTTIME)
            return Sample(pid, name_of(pid), at, at - started, int(found[1]) * 1024, count)
    return None


def _mebibytes(count: float) -> str:
    return f"{count / MEBIBYTE:.1f}"


@dataclass(frozen=True)
class Load:
    """Files of one place, and their bytes; a file of several names counts where it is met first."""

    files: int
    length_bytes: int


def weigh_folders(site: Path) -> Mapping[str, Load]:
    """By place: what readers get, each hidden folder, the database's files."""
    files: Counter[str] = Counter()
    lengths: Counter[str] = Counter()
    seen: set[int] = set()
    for path in sorted(_walk(site / "feeds"), key=lambda path: _place_of(site, path) != "documents"):
        _add(path, _place_of(site, path), files, lengths, seen)
    for path in _walk(site / ".feeds.spare"):
        _add(path, ".feeds.spare", files, lengths, seen)
    for path in site.glob("feedsvc.db*"):
        for each in _walk(path) if path.is_dir() else (path,):
            _add(each, path.name, files, lengths, seen)
    return {place: Load(files[place], lengths[place]) for place in files}


def describe_folders(site: Path) -> str:
    return ", ".join(
        f"{place} {load.files} ({_mebibytes(load.length_bytes)} MiB)" for place, load in weigh_folders(site).items()
    )


def find_left_overs(site: Path) -> list[str]:
    """What should not be there once all is at rest: temp files, names that nothing live stands behind, endless logs."""
    feeds, spare = site / "feeds", site / ".feeds.spare"
    live = {path.lstat().st_ino for path in _walk(feeds) if _place_of(site, path) in ("documents", ".deltas")}
    faults = [f"left over: {path}" for path in site.rglob(".tmp*")]
    faults += [f"left over: {path}" for path in (feeds / ".waiting").glob("*")]
    faults += [
        f"a spare of nothing live: {path}"
        for path in _walk(spare)
        if path.lstat().st_ino not in live and not path.name.startswith("id.")
    ]
    loads = weigh_folders(site)
    none = Load(0, 0)
    documents = loads["documents"].files
    for place, most in ((".audited", 2 * documents), (".deltas", documents), ("feedsvc.db-wake", 4)):
        if loads.get(place, none).files > most:
            faults.append(f"{place} holds {loads[place].files} files beside {documents} documents")
    if loads.get("feedsvc.db-wal", none).length_bytes > _MOST_LOG_BYTES:
        faults.append(f"feedsvc.db-wal holds {loads['feedsvc.db-wal'].length_bytes} bytes")
    return faults


def _place_of(site: Path, path: Path) -> str:
    first = path.relative_to(site / "feeds").parts[0]
    return first if first.startswith(".") else "documents"


def _walk(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if not path.is_dir()]


def _add(path: Path, place: str, files: Counter[str], lengths: Counter[str], seen: set[int]) -> None:
    with suppress(FileNotFoundError):  # replaced meanwhile
        status = path.lstat()
        files[place] += 1
        if status.st_ino not in seen:
            seen.add(status.st_ino)
            lengths[place] += status.st_size


def count_events(log: Path) -> Counter[str]:
    """Of a log in JSON; `level event`, and what is no event at all."""
    counts: Counter[str] = Counter()
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                event = json.loads(line)
                counts[f"{event['level']} {event['event']}"] += 1
            except (ValueError, KeyError, TypeError):
                if not line.startswith("feedsvc serves "):
                    counts[f"no event: {line.strip()[:200]}"] += 1
    return counts


def find_in_log(events: Mapping[str, int], kills: int) -> list[str]:
    """What nobody expects, and too much of what is expected."""
    faults = [
        f"in the log: {name}, {count} times"
        for name, count in events.items()
        if name.startswith("no event") or (name.startswith("error ") and name[6:] not in _EXPECTED_ERRORS)
    ]
    lines = sum(_others(events))
    if lines > _MOST_LINES_A_KILL * (kills + 1):
        faults.append(f"{lines} lines in the log beside those of publications, at {kills} kills")
    return faults


def _others(events: Mapping[str, int]) -> Iterable[int]:
    return (count for name, count in events.items() if name.partition(" ")[2] not in _LINES_OF_NEWS)
