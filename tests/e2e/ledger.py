"""What the clients were told, and whether the log says the same: kept on our side, line by line, and held
against `geleit export` of a directory whose service was killed."""

import collections
import json
from pathlib import Path

from program import geleit

Event = dict  # one line of the export
SERVICE_TYPES = {"SettingsAdopted"}


class Broken(AssertionError):
    """What was promised does not hold."""


class Sent:
    """One command and everything that was answered to it."""

    __slots__ = ("command", "text", "answer", "status", "sent_now", "silent", "accepted_as_new")

    def __init__(self, command: dict):
        self.command = command
        self.text = json.dumps(command, ensure_ascii=False).encode()
        self.answer: dict | None = None  # the first acceptance
        self.status: int | None = None  # of the latest answer
        self.sent_now = 0  # times since the service was last started
        self.silent = 0  # of these, times no answer came
        self.accepted_as_new = False

    @property
    def is_open(self) -> bool:
        """Nobody was told yet whether it counts."""
        return self.answer is None and (self.status is None or self.status in (429, 503))


class Ledger:
    """All commands that were sent to one data directory, through every death of its service."""

    def __init__(self):
        self.sent: dict[str, Sent] = {}  # by the command's id
        self.present: dict[str, Event] = {}  # by the event's id, as last exported
        self.hashes: dict[tuple[int, int], str] = {}  # by position, as last exported
        self.repeated = 0
        self.stale = 0  # records that lost their race, as last exported

    # -- what the clients tell

    def sends(self, sent: Sent) -> None:
        self.sent.setdefault(sent.command["id"], sent)
        sent.sent_now += 1

    def hears_nothing(self, sent: Sent) -> None:
        sent.silent += 1

    def hears(self, sent: Sent, status: int, answer: dict) -> None:
        """Takes an answer down; a contradiction to an earlier one or to the log is an error at once."""
        known, there = sent.answer, self.present.get(sent.command["id"])
        if status == 200:
            told = {k: v for k, v in answer.items() if k != "repeated"}
            if answer.get("repeated"):
                self.repeated += 1
                self._must(known is None or told == known, "the repetition is another answer", sent, answer)
                self._must(
                    known is not None or there is not None or sent.sent_now > 1,
                    "said to be a repetition, but it was sent for the first time and was not in the log",
                    sent,
                    answer,
                )
            else:
                self._must(there is None, "recorded again though it was in the log", sent, answer)
                self._must(not sent.accepted_as_new, "accepted for the second time", sent, answer)
                sent.accepted_as_new = True
            if there is not None:
                self._compare(there, told, sent)
            expected = sent.command.get("expect_version")
            if expected is not None:
                self._must(told["version"] == expected + 1, "not the version that was expected", sent, answer)
            sent.answer = told
        elif status not in (429, 503):
            self._must(status < 500, "the service failed", sent, answer)
            self._must(known is None and there is None, "refused though it was recorded", sent, answer)
        sent.status = status

    def service_started(self) -> None:
        for sent in self.sent.values():
            sent.sent_now = sent.silent = 0

    def open(self) -> list[Sent]:
        """In the order in which they were first sent."""
        return [sent for sent in self.sent.values() if sent.is_open]

    # -- what the log says

    def compare(
        self, data: Path, *, answered_only: bool = False, writers: int = 1, where: tuple = ()
    ) -> list[Event]:
        """Holds the log of a stopped service against everything that was told; the accepted events, in log
        order. `answered_only`: the service had time to answer, so what no answer came to must not be there.
        With several `writers` records may be stale, and `self.stale` counts them; `where`: options that say
        where log and master key lie."""
        done = geleit("export", "--data", data, *where, timeout=300)
        if done.returncode != 0:
            raise Broken(f"export ended with {done.returncode}: {done.stderr}")
        events = []
        self.stale = 0
        by_id: dict[str, Event] = {}
        ends: dict[int, int] = collections.Counter()
        heads: dict[str, tuple[int, str | None]] = {}
        latest: dict[int, str] = {}
        hashes = {}
        for line in done.stdout.splitlines():
            event = json.loads(line)
            partition, offset = event["partition"], int(event["offset"])
            self._say(offset == ends[partition], f"the log has a gap before {partition}:{offset}", event)
            ends[partition] += 1
            hashes[partition, offset] = event["hash"]
            # The tests' clock begins anew with every start, and never leaves the summer.
            self._say(event["time"] >= latest.get(partition, ""), "recorded before the record before", event)
            latest[partition] = event["time"]
            if event["stale"]:
                self._say(writers > 1, "stale, with one writer", event)
                self.stale += 1
                continue
            events.append(event)
            self._say(event["id"] not in by_id, "there twice", event)
            by_id[event["id"]] = event
            version, head = heads.get(event["subject"], (0, None))
            self._say(event["version"] == version + 1, f"not the version after {version}", event)
            self._say(event.get("previous") == head, f"does not follow the hash {head}", event)
            heads[event["subject"]] = event["version"], event["hash"]
        for position, known in self.hashes.items():
            if hashes.get(position) != known:
                raise Broken(f"at {position} lay {known} before, but now {hashes.get(position)}")
        for id_, event in by_id.items():
            sent = self.sent.get(id_)
            if sent is None:
                self._say(event["type"].rsplit(".", 1)[-1] in SERVICE_TYPES, "nobody asked for it", event)
                continue
            self._say(event["subject"] == sent.command["case"], "in another case than asked for", event)
            self._say(
                sent.answer is not None or sent.is_open, f"there though refused with {sent.status}", event
            )
            self._say(
                not answered_only or sent.answer is not None or sent.silent == 0,
                "recorded, but nobody was answered",
                event,
            )
            for path, wanted in flat(sent.command["data"]):
                found = at_path(event["data"], path)
                self._say(found == wanted, f"{path} was sent as {wanted!r}, but is {found!r}", event)
        for id_, sent in self.sent.items():
            if sent.answer is None:
                continue
            if id_ not in by_id:
                raise Broken(f"answered, but not in the log: {sent.command} -> {sent.answer}")
            self._compare(by_id[id_], sent.answer, sent)
        self.present, self.hashes = by_id, hashes
        return events

    def _compare(self, event: Event, told: dict, sent: Sent) -> None:
        there = {
            "id": event["id"],
            "case": event["subject"],
            "version": event["version"],
            "event": event["type"].rsplit(".", 1)[-1],
            "recorded": event["time"],
            "position": {"partition": event["partition"], "offset": int(event["offset"])},
        }
        answered = {name: told.get(name) for name in there}
        if answered != there:
            raise Broken(f"answered was {answered},\nbut the log has {there}\nto {sent.command}")

    @staticmethod
    def _must(holds: bool, what: str, sent: Sent, answer: dict) -> None:
        if not holds:
            raise Broken(f"{what}: {sent.command}\n-> {answer}\nbefore: {sent.answer}")

    @staticmethod
    def _say(holds: bool, what: str, event: Event) -> None:
        if not holds:
            raise Broken(f"{what}: {json.dumps(event)[:1000]}")


def flat(data: dict, path: tuple = ()):
    """Every text, number and truth value of a command's data, by its path."""
    for name, value in data.items():
        if isinstance(value, dict):
            yield from flat(value, (*path, name))
        else:
            yield (*path, name), value


def at_path(data: dict, path: tuple):
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data
