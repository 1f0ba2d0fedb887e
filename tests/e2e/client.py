"""An outside client of the HTTP surface. Every answer it receives is held against schema/openapi.json."""

import datetime
import json
import time
import uuid

import httpx

import contract


def new_id() -> str:
    return str(uuid.uuid4())


class Refused(AssertionError):
    """A command that the story needs was refused."""


class Client:
    """Speaks to one server and reads its own writes: each read waits for every position that a command
    returned."""

    def __init__(self, url: str, language: str | None = None):
        self.url = url
        self.language = language
        self.http = httpx.Client(base_url=url, timeout=60)
        self.positions: dict[int, int] = {}

    def close(self) -> None:
        self.http.close()

    def request(
        self, method: str, path: str, *, judged: bool = True, headers=None, **options
    ) -> httpx.Response:
        headers = dict(headers or {})
        if self.language and "Accept-Language" not in headers:
            headers["Accept-Language"] = self.language
        answer = self.http.request(method, path, headers=headers, **options)
        if judged:
            spoken = "en" if headers.get("Accept-Language", "").startswith("en") else "de"
            wrong = contract.judge(method, path, answer, spoken)
            assert not wrong, f"{method} {path} {options} -> {answer.status_code}:\n  " + "\n  ".join(wrong)
        return answer

    # -- commands

    def post(self, command, *, headers=None, dry_run=None, judged=True) -> httpx.Response:
        """Sends one command as it is, well-formed or not."""
        params = {} if dry_run is None else {"dry_run": "true" if dry_run else "false"}
        answer = self.request(
            "POST", "/v1/commands", json=command, params=params, headers=headers, judged=judged
        )
        if judged and not contract.command_is_well_formed(command):
            own = isinstance(command, dict) and command.get("command") in contract.OF_THE_SERVICE
            assert answer.status_code == (403 if own else 400), (
                f"openapi.json does not allow {json.dumps(command, ensure_ascii=False)}, "
                f"but the answer is {answer.status_code}: {answer.text}"
            )
        if answer.status_code == 200 and not dry_run:
            self.remember(answer.json())
        return answer

    def command(
        self, name: str, case: str | None = None, data=None, *, headers=None, dry_run=None, **envelope
    ):
        """Sends a command with a new id (unless `id` is given or None) and returns the answer."""
        command = {"command": name, "id": new_id(), "data": data if data is not None else {}}
        if case is not None:
            command["case"] = case
        command.update(envelope)
        command = {k: v for k, v in command.items() if v is not None}
        return self.post(command, headers=headers, dry_run=dry_run)

    def done(self, name: str, case: str | None = None, data=None, **envelope) -> dict:
        """Sends a command that must be accepted and returns what was accepted."""
        answer = self.command(name, case, data, **envelope)
        if answer.status_code != 200:
            raise Refused(f"{name} {data} was refused with {answer.status_code}: {answer.text}")
        return answer.json()

    def lines(self, commands, *, judged=True, **options) -> list[dict]:
        """Sends commands as NDJSON (text lines as they are) and returns the answers, line by line."""
        texts = [c if isinstance(c, (str, bytes)) else json.dumps(c, ensure_ascii=False) for c in commands]
        body = b"\n".join(t.encode() if isinstance(t, str) else t for t in texts) + b"\n"
        answer = self.request(
            "POST",
            "/v1/commands",
            content=body,
            judged=judged,
            headers={"Content-Type": "application/x-ndjson", **options.pop("headers", {})},
            **options,
        )
        assert answer.status_code == 200, answer.text[:1000]
        answers = [json.loads(line) for line in answer.content.decode("utf-8").splitlines()]
        for line in answers:
            if judged and not options.get("params"):
                wrong = contract.judge_line(line, "en" if (self.language or "").startswith("en") else "de")
                assert not wrong, f"{line}: {wrong}"
            if "status" not in line:
                self.remember(line)
        return answers

    def remember(self, accepted: dict) -> None:
        if position := accepted.get("position"):
            partition = position["partition"]
            self.positions[partition] = max(self.positions.get(partition, -1), position["offset"])

    # -- reads

    def ask(self, path: str, *, fresh=True, headers=None, **params) -> httpx.Response:
        """GET /v1/<path>; a parameter `due_on__from` is sent as `due_on.from`, `from_` as `from`."""
        query = []
        for name, value in params.items():
            values = value if isinstance(value, list) else [value]
            query += [(name.rstrip("_").replace("__", "."), v) for v in values]
        if fresh:
            query += [("wait_for", f"{p}:{o}") for p, o in sorted(self.positions.items())]
        return self.request("GET", "/v1/" + path, params=query, headers=headers)

    def get(self, path: str, **options) -> dict:
        answer = self.ask(path, **options)
        assert answer.status_code == 200, f"{path} {options}: {answer.status_code} {answer.text}"
        return answer.json()

    def rows(self, table: str, **filters) -> list[dict]:
        """All rows that the filters leave, page by page."""
        filters.setdefault("limit", 500)
        items, cursor = [], None
        while True:
            page = self.get(table, **filters, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                return items

    def settles(self, seconds: float = 30) -> dict:
        """Waits until watch has recorded all that is due now, what this client has sent included; the status
        after that. Nothing is waited for where no watch runs."""
        moment = datetime.datetime.fromisoformat
        since, end = moment(self.get("status")["clock"]["now"]), time.monotonic() + seconds
        while True:
            status = self.get("status")
            watch = status["watch"]
            if watch is None or status["clock"]["mode"] == "entered":
                return status
            if watch["looked_at"] and moment(watch["looked_at"]) > since and watch["due"] == 0:
                return status
            assert time.monotonic() < end, f"watch has not recorded all that is due: {status}"
            time.sleep(0.02)


def refused(answer, status: int, *, rule=None, field=None, reasons=None, state=None) -> dict:
    """The problem of an answer that must be a refusal of exactly this kind."""
    assert answer.status_code == status, f"expected {status}, but {answer.status_code}: {answer.text}"
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json"
    problem = answer.json()
    if rule is not None:
        assert problem.get("rule") == rule, problem
    if field is not None:
        fields = {field} if isinstance(field, str) else set(field)
        assert problem.get("field") in fields, f"expected field {fields}, but {problem}"
    if reasons is not None:
        assert sorted(problem.get("reasons_required", [])) == sorted(reasons), problem
    if state is not None:
        assert problem.get("state") == state, f"expected state {state}, but {problem}"
    return problem


def findings(accepted: dict) -> set[str]:
    """The rules that an accepted command was flagged with."""
    return {finding["rule"] for finding in accepted["findings"]}
