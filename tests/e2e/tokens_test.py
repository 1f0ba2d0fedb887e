"""Who may see and do what: tokens from their making to their end, what is told to whoever has none, and the
table of roles, written down here once more (services/access_role.cc has the first)."""

import base64
import concurrent.futures
import datetime
import json
import os
import re
import stat
import subprocess
import time

import pytest

import contract
from allowed_when_test import Situation, tries
from client import Client, new_id, refused
from listening import Listener
from program import NO_WATCH, ROOT, Server, executable, found_in, geleit, geleit_json
from story import BERLIN, Case, Story

pytestmark = pytest.mark.embedded

TOKEN = re.compile(r"glt_[0-9a-f]{12}_[0-9a-f]{64}")
UNAUTHENTICATED, FORBIDDEN = "urn:geleit:problem:unauthenticated", "urn:geleit:problem:forbidden"
WRONG_A_MINUTE_MAX = 30
# What a new one is shown as; a listed one is the same without its text.
MADE = {
    "token", "id", "name", "provider", "roles", "created", "expires", "revoked", "made_by", "revoked_by",
    "state",
}
DONE, REFUSED, USAGE = 0, 1, 2

LETTERS = {
    "C": "case_manager",
    "L": "team_lead",
    "M": "management",
    "D": "dispatcher",
    "A": "auditor",
    "I": "insurer_desk",
    "O": "operator",
    "S": "service",
    "T": "admin",
}
ROLE_NAMES = sorted(LETTERS.values())
OF_A_PROVIDER = [role for role in ROLE_NAMES if role != "operator"]

OPEN = "CLMDAIOST open"
ROUTES = f"""
    GET  /livez                           {OPEN}
    GET  /readyz                          {OPEN}
    GET  /                                {OPEN}
    GET  /heute                           {OPEN}
    GET  /fristen                         {OPEN}
    GET  /faelle                          {OPEN}
    GET  /fall/{{case}}                     {OPEN}
    GET  /termine                         {OPEN}
    GET  /warnungen                       {OPEN}
    GET  /kennzahlen                      {OPEN}
    GET  /stand                           {OPEN}
    GET  /eintragen/{{command}}             {OPEN}
    GET  /assets/{{file}}                   {OPEN}
    GET  /v1/calendars/{{calendar}}         {OPEN}
    GET  /v1/me                           CLMDAIOST
    GET  /v1/openapi.json                 CLMDAIOST
    GET  /metrics                         ......O..
    GET  /v1/status                       ......O..
    GET  /status                          ......O..
    GET  /v1/settings                     CLMDAI..T
    GET  /v1/key-figures                  .LM.A....
    GET  /v1/cases                        CL.DAI...
    GET  /v1/cases/{{case}}                 CL.DAI...
    GET  /v1/cases/{{case}}/history         CL..A....
    GET  /v1/deadlines                    CL.DAI...
    GET  /v1/unit-balances                CL.DAI...
    GET  /v1/tasks                        CL.DAI...
    GET  /v1/alerts                       CL.DAI...
    GET  /v1/overdue-starts               CL.DA....
    GET  /v1/visits                       CL.DA....
    GET  /v1/stream                       CL.DAI...
    POST /v1/commands                     CL.D.I.ST
    POST /v1/alerts/{{alert}}/resend        .L....O..
    GET  /v1/privacy/due                  .L..A....
    GET  /v1/privacy/status               .L..A....
    POST /v1/privacy/{{person}}/erase       .L.......
    POST /v1/privacy/{{person}}/restrict    .L.......
    POST /v1/privacy/{{person}}/lift        .L.......
    POST /v1/cases/{{case}}/retry           ......O..
    POST /v1/backup                       ......O..
    GET  /v1/tokens                       ........T
    POST /v1/tokens                       ........T
    POST /v1/tokens/{{token}}/revoke        ........T
"""
OF_A_CASE, OF_AN_INSURER, OF_A_PLAN, OF_PRIVACY = "CL.....S.", "CL...I.S.", "CL.D...S.", ".L......."
COMMANDS = f"""
    ReceiveReferral          {OF_A_CASE}
    AmendReferral            {OF_A_CASE}
    ReceiveFollowUpReferral  {OF_A_CASE}
    WithdrawReferral         {OF_A_CASE}
    RecordDischarge          {OF_A_CASE}
    AgreeCarePlan            {OF_A_CASE}
    DeliverVisit             {OF_A_CASE}
    CorrectVisit             {OF_A_CASE}
    VoidVisit                {OF_A_CASE}
    CompleteCare             {OF_A_CASE}
    DiscontinueCare          {OF_A_CASE}
    ReopenCase               {OF_A_CASE}
    SendFinalReport          {OF_A_CASE}
    TickChecklist            {OF_A_CASE}
    AcknowledgeAlert         {OF_A_CASE}
    SnoozeAlert              {OF_A_CASE}
    SubmitApplication        {OF_AN_INSURER}
    NoteExpertOpinion        {OF_AN_INSURER}
    GrantApproval            {OF_AN_INSURER}
    CorrectApproval          {OF_AN_INSURER}
    RevokeApproval           {OF_AN_INSURER}
    DenyApproval             {OF_AN_INSURER}
    FileObjection            {OF_AN_INSURER}
    DecideObjection          {OF_AN_INSURER}
    RequestExtension         {OF_AN_INSURER}
    GrantExtension           {OF_AN_INSURER}
    DenyExtension            {OF_AN_INSURER}
    RecordCoverage           {OF_AN_INSURER}
    RecordExemption          {OF_AN_INSURER}
    AssignCareTeam           {OF_A_PLAN}
    ScheduleVisit            {OF_A_PLAN}
    RescheduleVisit          {OF_A_PLAN}
    CancelVisit              {OF_A_PLAN}
    MissVisit                {OF_A_PLAN}
    AdoptSettings            .L......T
    RestrictProcessing       {OF_PRIVACY}
    LiftRestriction          {OF_PRIVACY}
"""


def table(text: str) -> dict[str, tuple[set[str], bool]]:
    """Of each line: what it is about -> (the roles, whether it is open)."""
    rows = {}
    for line in text.strip().splitlines():
        *about, cells, is_open = [*line.split(), ""] if not line.endswith(" open") else line.split()
        rows[" ".join(about)] = ({LETTERS[c] for c in cells if c != "."}, bool(is_open))
    return rows


MAY_CALL, MAY_SEND = table(ROUTES), table(COMMANDS)
README = ROOT / "services" / "http" / "README.md"
DOCUMENTED_ROUTES = [
    f"{method.upper()} {path}"
    for path, operations in contract.DOCUMENT["paths"].items()
    for method in operations
    if method in ("get", "post", "put", "patch", "delete")
]
DOCUMENTED_COMMANDS = contract.DOCUMENT["components"]["schemas"]["CommandName"]["enum"]


# ---------------------------------------------------------------- verbs


def create(data, *roles, provider=None, **more) -> dict:
    """What `geleit token create --json` prints."""
    whose = ["--provider", provider] if provider else ["--all-providers"]
    for name, value in more.items():
        whose += [f"--{name}", value]
    roles = [word for role in roles for word in ("--role", role)]
    return geleit_json("token", "create", "--data", data, *whose, *roles, "--json")


def in_order(tokens: list[dict]) -> list[dict]:
    """As they were made."""
    return sorted(tokens, key=lambda token: datetime.datetime.fromisoformat(token["created"]))


def listed(data) -> list[dict]:
    return in_order(geleit_json("token", "list", "--data", data, "--json"))


def items(client) -> list[dict]:
    return in_order(client.get("tokens", fresh=False)["items"])


def revoke(data, token: dict) -> None:
    done = geleit("token", "revoke", token["id"], "--data", data)
    assert done.returncode == DONE, done.stderr


@pytest.fixture
def enter():
    """enter(server, token) -> a client that sends it; without a token, one that has none."""
    entered = []

    def enter(server, token=None) -> Client:
        client = Client(server.url)
        if token is not None:
            client.http.headers["Authorization"] = bearer(token)
        entered.append(client)
        return client

    yield enter
    for client in entered:
        client.close()


def bearer(token) -> str:
    return "Bearer " + (token["token"] if isinstance(token, dict) else token)


def within_a_second(met) -> None:
    end = time.monotonic() + 1
    while True:
        begun = time.monotonic()
        if met():
            return
        assert begun < end, "not within a second"
        time.sleep(0.02)


def is_let_in(client) -> bool:
    return client.request("GET", "/v1/me").status_code == 200


def shut_out(answer) -> dict:
    assert answer.headers.get("www-authenticate") == "Bearer", answer.headers
    problem = refused(answer, 401)
    assert problem["type"] == UNAUTHENTICATED, problem
    return problem


def forbidden(answer, field=None) -> dict:
    problem = refused(answer, 403, field=field)
    assert problem["type"] == FORBIDDEN, problem
    return problem


def bare(answer) -> tuple:
    """All of an answer but its date."""
    headers = sorted((k, v) for k, v in answer.headers.items() if k != "date")
    return answer.status_code, headers, answer.content


# ---------------------------------------------------------------- making, listing, ending


def test_a_token_is_shown_once_and_alone(tmp_path, serve):
    """prints the token alone on stdout, and a sentence on stderr; it is shown once: the file tokens.ndjson
    (mode 0600) holds only a keyed BLAKE2 hash"""
    server, _ = serve(extra=NO_WATCH)
    done = geleit(
        "token", "create", "--data", server.data, "--provider", "hana-muenchen", "--role", "auditor"
    )
    assert done.returncode == DONE, done.stderr
    token = done.stdout.removesuffix("\n")
    assert TOKEN.fullmatch(token), done.stdout
    secret = token.rpartition("_")[2]
    assert done.stderr.strip() and secret not in done.stderr
    kept = server.data / "tokens.ndjson"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [one["id"] for one in listed(server.data)] == [token.split("_")[1]]
    for_people = geleit("token", "list", "--data", server.data)
    assert for_people.returncode == DONE and token.split("_")[1] in for_people.stdout
    assert secret not in for_people.stdout + for_people.stderr


def test_create_says_what_it_made(tmp_path, serve):
    """one object, with the text this once; name left out: `token.<id>`"""
    server, _ = serve(extra=NO_WATCH)
    one = create(server.data, "case_manager", "dispatcher", provider="hana-muenchen", name="m.roth")
    assert set(one) == MADE
    assert TOKEN.fullmatch(one["token"]) and one["token"].split("_")[1] == one["id"]
    assert (one["name"], one["provider"], one["expires"]) == ("m.roth", "hana-muenchen", None)
    assert sorted(one["roles"]) == ["case_manager", "dispatcher"]
    made = datetime.datetime.fromisoformat(one["created"])
    assert abs((datetime.datetime.now(datetime.UTC) - made).total_seconds()) < 60
    other = create(server.data, "operator")
    assert (other["name"], other["provider"]) == (f"token.{other['id']}", None)
    revoke(server.data, other)
    first, second = listed(server.data)
    del one["token"], other["token"]
    moment = datetime.datetime.fromisoformat(second["revoked"])
    assert abs((datetime.datetime.now(datetime.UTC) - moment).total_seconds()) < 60
    assert first == one
    assert {**second, "revoked": None, "revoked_by": "-"} == {**other, "state": "revoked"}


def test_a_list_says_what_has_expired(serve):
    """"state" ("valid"|"expired"|"revoked")"""
    server, _ = serve(extra=NO_WATCH)
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=6)
    short = create(server.data, "auditor", expires=soon.isoformat(timespec="seconds"))
    long = create(server.data, "auditor", expires="2099-12-31")
    assert [one["state"] for one in listed(server.data)] == ["valid", "valid"]
    time.sleep(max(0, (soon - datetime.datetime.now(datetime.UTC)).total_seconds()))
    assert [(one["id"], one["state"]) for one in listed(server.data)] == [
        (short["id"], "expired"),
        (long["id"], "valid"),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        "--role auditor",
        "--provider hana --all-providers --role auditor",
        "--provider hana",
        "--provider hana --role chief",
        "--provider hana --role auditor --role chief",
        "--provider hana --role auditor --name M.Roth",
        "--provider hana --role auditor --name -roth",
        f"--provider hana --role auditor --name {'m' * 65}",
        "--provider hana --role auditor --name ''",
        "--provider Hana --role auditor",
        "--provider hana --role auditor --expires tomorrow",
        "--provider hana --role auditor --expires 2036-02-30",
        "--provider hana --role auditor --expires 2036-05-01T12:00",
        "--provider hana --role auditor --expires 2020-01-01",
        "--provider hana --role auditor --expires 2020-01-01T00:00:00Z",
        "--provider hana --role operator",
        "--provider hana --role auditor --role operator",
    ],
)
def test_wrong_usage_makes_no_token(tmp_path, arguments):
    """usage errors are exit 2"""
    (tmp_path / "data").mkdir(mode=0o700)
    words = [word.strip("'") for word in arguments.split()]
    done = geleit("token", "create", "--data", tmp_path / "data", *words)
    assert (done.returncode, done.stdout) == (USAGE, "") and done.stderr.strip()
    assert not (tmp_path / "data" / "tokens.ndjson").exists()


def test_a_name_has_64_letters_at_most(serve):
    """a name that is no slug (as access words: small letters, digits, `.`, `_`, `-`, at most 64)"""
    server, _ = serve(extra=NO_WATCH)
    for name in ("m" * 64, "m.roth_2-b", "7"):
        assert create(server.data, "auditor", name=name)["name"] == name


def test_only_what_exists_is_revoked(serve, enter):
    """`geleit token revoke ID`: exit 0; unknown id: exit 1 with a sentence"""
    server, _ = serve(extra=NO_WATCH)
    token = create(server.data, "auditor")
    done = geleit("token", "revoke", "0" * 12, "--data", server.data)
    assert (done.returncode, done.stdout) == (REFUSED, "") and "0" * 12 in done.stderr
    assert geleit("token", "revoke", "roth", "--data", server.data).returncode in (REFUSED, USAGE)
    assert [one["state"] for one in listed(server.data)] == ["valid"]
    within_a_second(lambda: is_let_in(enter(server, token)))
    revoke(server.data, token)
    assert [one["state"] for one in listed(server.data)] == ["revoked"]


@pytest.mark.parametrize("expires", ["2036-05-01", "2036-05-01T22:00:00Z"])
def test_a_date_is_over_when_that_day_is_in_berlin(serve, enter, expires):
    """a date as --expires means until the end of that day in Berlin; 401 for expired tokens"""
    server, _ = serve(clock="2036-05-01T23:59:40+02:00", extra=NO_WATCH)
    token = create(server.data, "auditor", expires=expires)
    end = datetime.datetime(2036, 5, 2, tzinfo=BERLIN)
    until = datetime.datetime.fromisoformat(token["expires"])
    assert end - datetime.timedelta(seconds=1) <= until <= end
    holder = enter(server, token)
    within_a_second(lambda: is_let_in(holder))
    assert holder.request("GET", "/v1/me").json()["expires"] == token["expires"]
    assert holder.ask("cases").status_code == 200
    assert server.stop() == 0
    server, anybody = serve(clock="2036-05-02T00:00:00+02:00", extra=NO_WATCH)
    shut_out(enter(server, token).ask("cases"))
    # One that is over is still one.
    shut_out(anybody.ask("cases"))


def test_a_token_ends_while_the_service_runs(serve, enter):
    """401 for expired tokens"""
    server, _ = serve(clock="2036-05-01T12:00:00+02:00", extra=NO_WATCH)
    admin = enter(server, create(server.data, "admin"))
    within_a_second(lambda: is_let_in(admin))
    expires = "2036-05-01T12:00:08+02:00"
    holder = enter(server, asks_for(admin, None, "auditor", expires=expires).json())
    within_a_second(lambda: is_let_in(holder))
    time.sleep(8)
    shut_out(holder.ask("cases"))
    _, over = items(admin)
    assert (over["state"], over["revoked"]) == ("expired", None)


def test_nothing_on_disk_lets_anybody_in(serve, enter):
    """nothing secret on disk"""
    server, anybody = serve()
    Story(anybody).referral()
    first = create(server.data, "case_manager", "auditor", name="m.roth")
    admin = create(server.data, "admin")
    within_a_second(lambda: not is_let_in(anybody))
    made = enter(server, admin).request(
        "POST", "/v1/tokens", json={"provider": None, "roles": ["team_lead"]}
    )
    tokens = [first, admin, made.json()]
    for token in tokens[:1] + tokens[2:]:
        client = enter(server, token)
        within_a_second(lambda c=client: is_let_in(c))
        Story(client).referral()
        assert client.ask("cases").status_code == 200
    shut_out(enter(server, first["token"][:-1] + "x").ask("cases"))
    assert server.stop() == 0
    wanted = []
    for token in tokens:
        secret = token["token"].rpartition("_")[2]
        raw = bytes.fromhex(secret)
        wanted += [secret.encode(), secret.upper().encode(), raw, base64.b64encode(raw).rstrip(b"=")]
    wanted.append(first["token"][:-1].rpartition("_")[2].encode())
    assert found_in(server.data.parent, wanted) == []
    assert not any(text.decode("latin-1") in line for text in wanted for line in server.said)


def test_tokens_that_are_made_at_once_are_all_kept(serve):
    """CLI on a data directory, beside a running service or without"""
    server, _ = serve(extra=NO_WATCH)
    asked = ("token", "create", "--all-providers", "--role", "auditor", "--data", server.data)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda _: geleit(*asked), range(6)))
    assert {one.returncode for one in done} == {DONE}, done
    made = [one.stdout.split("_")[1] for one in done]
    assert sorted(made) == sorted(one["id"] for one in listed(server.data))
    assert server.stop() == 0
    last = create(server.data, "auditor")["id"]
    assert [one["id"] for one in listed(server.data)][-1] == last


# ---------------------------------------------------------------- a running service


def test_without_a_token_everything_is_as_before(serve):
    """Without any token configured everything is as before; /v1/me with all nine roles"""
    _, anybody = serve(extra=NO_WATCH)
    me = anybody.get("me")
    assert sorted(me.pop("roles")) == ROLE_NAMES
    assert me == {"name": None, "token": None, "provider": None, "expires": None}
    case = Story(anybody).referral()
    case.does("AssignCareTeam", {"lead": "m.roth"}, by="k.leitung")
    assert case.history()[-1]["by"] == "k.leitung"
    assert items(anybody) == []


def test_a_running_service_follows_within_a_second(serve, enter):
    """Creating the first token takes effect on a running service within a second; so do revocation and later
    ones"""
    server, anybody = serve(extra=NO_WATCH)
    case = Story(anybody).referral()
    assert is_let_in(anybody)
    first = create(server.data, "case_manager")
    within_a_second(lambda: not is_let_in(anybody))
    assert enter(server, first).ask(f"cases/{case.id}").status_code == 200
    second = create(server.data, "auditor")
    within_a_second(lambda: is_let_in(enter(server, second)))
    revoke(server.data, first)
    within_a_second(lambda: not is_let_in(enter(server, first)))
    assert is_let_in(enter(server, second))
    # As soon as there is one token (even a revoked one).
    revoke(server.data, second)
    within_a_second(lambda: not is_let_in(enter(server, second)))
    shut_out(anybody.ask("cases"))
    assert server.stop() == 0
    server, anybody = serve(extra=NO_WATCH)
    shut_out(anybody.ask("cases"))
    shut_out(enter(server, second).ask("cases"))


def test_what_is_damaged_lets_nobody_in(serve):
    """every request needs a token: what becomes of the file opens nothing"""
    server, anybody = serve(extra=NO_WATCH)
    create(server.data, "auditor")
    within_a_second(lambda: not is_let_in(anybody))
    kept = server.data / "tokens.ndjson"
    whole, let_in = kept.read_text(), []
    for damage, text in [
        ("a torn line more", whole + '{"id": "'),
        ("no line", "nonsense\n"),
        ("a torn line", '{"id": "'),
        ("nothing", ""),
        ("no file", None),
    ]:
        kept.unlink() if text is None else kept.write_text(text)
        time.sleep(1)
        answer = anybody.request("GET", "/v1/cases", judged=False)
        let_in += [] if answer.status_code in (401, 503) else [damage]
    assert let_in == []


def test_nobody_goes_on_listening(serve, enter):
    """Creating the first token takes effect on a running service within a second; so do revocation and later
    ones: also on those who listen already"""
    server, anybody = serve(extra=NO_WATCH)
    case = Story(anybody).referral()
    with Listener(server.url) as before:
        before.ready()
        writer = create(server.data, "service")
        reader = create(server.data, "auditor")
        client = enter(server, reader)
        within_a_second(lambda: is_let_in(client) and not is_let_in(anybody))
        with Listener(server.url, headers=(("Authorization", bearer(reader)),)) as listener:
            listener.ready()
            revoke(server.data, reader)
            within_a_second(lambda: not is_let_in(client))
            time.sleep(1)
            for told in (before, listener):
                while not told.events.empty():
                    told.events.get()
            case.client = enter(server, writer)
            case.does("AssignCareTeam", {"lead": "m.roth"})
            time.sleep(1)
            for told in (before, listener):
                rows = []
                while not told.events.empty():
                    rows.append(told.events.get())
                assert not any(event and event.name == "row" for event in rows)


# ---------------------------------------------------------------- whoever has none


def test_whatever_is_wrong_with_a_token_the_answer_is_the_same(serve, enter):
    """the same 401 body for missing, malformed, unknown, wrong secret, revoked and expired tokens"""
    server, anybody = serve(clock="2037-01-01T12:00:00+01:00", extra=NO_WATCH)
    case = Story(anybody).referral()
    valid, revoked = create(server.data, "auditor"), create(server.data, "auditor")
    expired = create(server.data, "auditor", expires="2036-05-01")
    revoke(server.data, revoked)
    within_a_second(lambda: is_let_in(enter(server, valid)) and not is_let_in(enter(server, revoked)))
    token = valid["token"]
    another = "0" if token[-1] != "0" else "1"
    wrong = {
        "malformed": "Bearer nonsense",
        "empty": "Bearer",
        "of another kind": "Basic bS5yb3RoOmdlaGVpbQ==",
        "without its kind": token,
        "cut off": bearer(token[:-1]),
        "too long": bearer(token + "0"),
        "in capitals": bearer("glt_" + token[4:].upper()),
        "followed": bearer(token + " x"),
        "unknown": bearer("glt_" + "0" * 12 + token[16:]),
        "wrong secret": bearer(token[:-1] + another),
        "revoked": bearer(revoked),
        "expired": bearer(expired),
    }
    missing = anybody.request("GET", f"/v1/cases/{case.id}")
    shut_out(missing)
    for what, header in wrong.items():
        answer = anybody.request("GET", f"/v1/cases/{case.id}", headers={"Authorization": header})
        assert bare(answer) == bare(missing), what
    # Nor does it tell what lies behind: routes, cases, commands.
    others = [
        ("GET", f"/v1/cases/{new_id()}"),
        ("GET", "/v1/me"),
        ("GET", "/v1/nothing"),
        ("GET", "/nothing"),
        ("DELETE", "/v1/cases"),
        ("OPTIONS", "/v1/cases"),
        ("POST", "/v1/commands"),
        ("GET", "/v1/cases?limit=many"),
        ("GET", "/v1/stream"),
    ]
    for method, path in others:
        answer = anybody.request(method, path, judged=False)
        assert bare(answer) == bare(missing), (method, path)
    command = {"command": "ReceiveReferral", "id": new_id(), "data": Story(anybody).data()}
    shut_out(anybody.post(command))
    assert bare(anybody.request("GET", "/v1/cases", headers={"Accept": "text/csv"})) == bare(missing)
    speaker = anybody.request("GET", "/v1/cases", headers={"Accept-Language": "en"})
    assert shut_out(speaker)["type"] == UNAUTHENTICATED


@pytest.mark.parametrize("route", DOCUMENTED_ROUTES)
def test_what_is_open_without_a_token(doors, route):
    """Open without a token: only the rows with `open` in the table"""
    answer = doors.calls(None, route)
    if MAY_CALL[route][1]:
        assert answer.status_code in (200, 404), answer.text
    else:
        shut_out(answer)
    if route.startswith("GET") and route != "GET /v1/stream":
        head = doors.client(None).http.head(doors.path(route))
        assert head.status_code == answer.status_code and head.content == b""


def test_more_than_thirty_wrong_tokens_a_minute_are_too_many(serve, enter):
    """More than 30 refused tokens from one address within a minute: further wrong ones are 429 with
    Retry-After; a valid token goes on being served, and requests with no token at all stay 401"""
    server, anybody = serve(extra=NO_WATCH)
    valid, revoked = create(server.data, "auditor"), create(server.data, "auditor")
    revoke(server.data, revoked)
    within_a_second(lambda: not is_let_in(anybody))
    holder, guesser = enter(server, valid), enter(server, "glt_" + "0" * 12 + "_" + "0" * 64)
    within_a_second(lambda: is_let_in(holder))
    for number in range(WRONG_A_MINUTE_MAX):
        assert guesser.ask("cases").status_code == 401, number
        assert (holder.ask("cases").status_code, anybody.ask("cases").status_code) == (200, 401)
    guesser.ask("cases")
    for client in (guesser, enter(server, revoked), enter(server, "nonsense")):
        answer = client.ask("cases")
        refused(answer, 429)
        assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert holder.ask("cases").status_code == 200
    shut_out(anybody.ask("cases"))
    assert anybody.http.get("/readyz").status_code == 200


# ---------------------------------------------------------------- the table of roles


class Doors:
    """A token for each role of all providers at one server, whose one case belongs to no test."""

    def __init__(self, server: Server):
        self.server = server
        anybody = Client(server.url)
        story = Story(anybody)
        self.case = story.approved()
        self.case.schedules("2026-07-10")
        self.situation = Situation(
            self.case, "approved", standing=self.case.approval, scheduled=self.case.visit
        )
        anybody.settles()
        self.referral = story.data()
        self.clients = {None: Client(server.url)}
        self.tokens = {}
        for role in ROLE_NAMES:
            self.add(role, role)
        within_a_second(lambda: is_let_in(self.clients[ROLE_NAMES[-1]]))
        anybody.close()

    def add(self, name: str, *roles) -> Client:
        self.tokens[name] = token = create(self.server.data, *roles, name=name.replace("+", "-"))
        self.clients[name] = client = Client(self.server.url)
        client.http.headers["Authorization"] = bearer(token)
        return client

    def client(self, role: str | None) -> Client:
        return self.clients[role]

    def path(self, route: str) -> str:
        filled = {
            "case": self.case.id if route.startswith("GET") else new_id(),
            "person": new_id(),
            "alert": new_id(),
            "token": "0" * 12,
            "calendar": "0" * 32 + ".ics",
            "command": "DeliverVisit",
            "file": "nothing.js",
        }
        return re.sub(r"\{(\w+)\}", lambda found: filled[found.group(1)], route.partition(" ")[2])

    def calls(self, role: str | None, route: str):
        """The answer to a request that nothing but the role forbids; it changes nothing of interest."""
        client, path = self.client(role), self.path(route)
        method = route.partition(" ")[0]
        if path == "/v1/stream":
            with client.http.stream(method, path) as answer:
                if answer.status_code != 200:
                    answer.read()
                    assert not contract.judge(method, path, answer)
            return answer
        body = {
            "POST /v1/commands": {"command": "nothing"},
            "POST /v1/tokens": {"provider": None, "roles": ["auditor"]},
            "POST /v1/privacy/{person}/erase": {"reason": "retention_over"},
            "POST /v1/privacy/{person}/restrict": {"reason": "Eltern widersprechen"},
            "POST /v1/privacy/{person}/lift": {"reason": "geklärt"},
        }.get(route)
        params = {"from": "2026-01-01", "to": "2026-12-31"} if path == "/v1/key-figures" else {}
        return client.request(method, path, params=params, **({"json": body} if body else {}))

    def commands(self) -> dict[str, dict]:
        """One well-formed command of each name, about the case."""
        data = {name: (data, reasons) for name, data, reasons, _ in tries(self.situation)}
        settings = {"rules": {"SMN-HOME": {"units": 1}}}
        adopted = {"provider": self.referral["provider"], "from": "2026-07-01", "settings": settings}
        made = {"ReceiveReferral": {"data": self.referral}, "AdoptSettings": {"data": adopted}}
        for name, (said, reasons) in data.items():
            made[name] = {"case": self.case.id, "data": said, **({"reasons": reasons} if reasons else {})}
        return {name: {"command": name, "id": new_id(), **command} for name, command in made.items()}


@pytest.fixture(scope="module")
def doors(server):
    made = Doors(server)
    yield made
    for client in made.clients.values():
        client.close()


def test_the_table_is_whole():
    """fail if a documented route is missing in the matrix"""
    assert sorted(MAY_CALL) == sorted(DOCUMENTED_ROUTES)
    assert sorted(MAY_SEND) == sorted(DOCUMENTED_COMMANDS)


@pytest.mark.parametrize("role", ROLE_NAMES)
@pytest.mark.parametrize("route", DOCUMENTED_ROUTES)
def test_a_role_calls_what_it_may(doors, role, route):
    """A token without the right role gets 403 on a route"""
    answer = doors.calls(role, route)
    if role in MAY_CALL[route][0]:
        assert answer.status_code not in (401, 403) and answer.status_code < 500, answer.text
    else:
        forbidden(answer)


@pytest.mark.parametrize("role", ROLE_NAMES)
@pytest.mark.parametrize("name", DOCUMENTED_COMMANDS)
def test_a_role_sends_what_it_may(doors, role, name):
    """on `POST /v1/commands` each command that none of the token's roles may send is 403 with `field`
    `command`"""
    answer = doors.client(role).post(doors.commands()[name], dry_run=True)
    if role in MAY_SEND[name][0]:
        assert answer.status_code in (200, 409, 422), answer.text
    elif role in MAY_CALL["POST /v1/commands"][0]:
        forbidden(answer, field="command")
    else:
        forbidden(answer)


@pytest.mark.parametrize("role", sorted(MAY_CALL["POST /v1/commands"][0]))
def test_each_line_is_asked_for_its_role(doors, role):
    """(also each NDJSON line)"""
    commands = doors.commands()
    answers = doors.client(role).lines(commands.values(), params={"dry_run": "true"})
    wrong = []
    for name, line in zip(commands, answers, strict=True):
        status = line.get("status", 200)
        if role in MAY_SEND[name][0]:
            right = status in (200, 409, 422)
        else:
            right = (status, line.get("field"), line.get("type")) == (403, "command", FORBIDDEN)
        wrong += [] if right else [line]
    assert not wrong


@pytest.mark.parametrize("role", ["case_manager", "service", "admin"])
def test_the_services_own_commands_are_of_no_role(doors, role):
    """nothing is allowed that stands in neither table"""
    for name in contract.OF_THE_SERVICE:
        command = {"command": name, "id": new_id(), "case": doors.case.id, "data": {}}
        forbidden(doors.client(role).post(command), field="command")


def test_nothing_is_read_by_asking_for_its_head(doors):
    """A token without the right role gets 403 on a route"""
    for route in (r for r in MAY_CALL if r.startswith("GET") and r != "GET /v1/stream"):
        head = doors.client("service").http.head(doors.path(route))
        assert (head.status_code == 403) == ("service" not in MAY_CALL[route][0]), route


def test_two_roles_may_what_either_may(doors):
    """each command that none of the token's roles may send"""
    client = doors.add("dispatcher+insurer", "dispatcher", "insurer_desk")
    within_a_second(lambda: is_let_in(client))
    commands = doors.commands()
    for name in ("ScheduleVisit", "SubmitApplication"):
        assert client.post(commands[name], dry_run=True).status_code not in (401, 403)
    forbidden(client.post(commands["CompleteCare"], dry_run=True), field="command")
    for table, status in (("visits", 200), ("alerts", 200), ("key-figures", 403)):
        assert client.ask(table).status_code == status


def test_the_stream_holds_what_the_lists_would_show(doors):
    """Whether one of the roles reads this list ("visits"), as it is or in the stream."""
    desk = doors.tokens["insurer_desk"]
    asked = doors.client("insurer_desk").request("GET", "/v1/stream", params={"table": "visits"})
    forbidden(asked)
    writer = Story(doors.client("service"))
    with Listener(doors.server.url, headers=(("Authorization", bearer(desk)),)) as listener:
        listener.ready()
        case = writer.referral()
        case.schedules("2026-07-14")
        case.does("AssignCareTeam", {"lead": "m.roth"})
        told = listener.until(lambda e: e.data.get("table") == "cases" and e.data["row"]["lead"] == "m.roth")
        told += listener.rest()
    assert {e.data["table"] for e in told if e.name == "row"} & {"visits", "overdue-starts"} == set()


# ---------------------------------------------------------------- who one is


def test_me_says_who_asks(serve, enter):
    """`GET /v1/me` -> {"name", "token" (id), "provider" (slug|null), "roles" [...], "expires"}"""
    server, _ = serve(extra=NO_WATCH)
    one = create(server.data, "case_manager", "dispatcher", provider="hana-muenchen", name="m.roth")
    two = create(server.data, "operator", expires="2099-12-31")
    within_a_second(lambda: is_let_in(enter(server, two)))
    for token in (one, two):
        me = enter(server, token).request("GET", "/v1/me").json()
        assert sorted(me.pop("roles")) == sorted(token["roles"])
        expected = {k: token[k] for k in ("name", "provider", "expires")}
        assert me == {**expected, "token": token["id"]}


def test_by_is_the_tokens_name(serve, enter):
    """`by` of an event is the token's name, whatever the command says; only for a token with role `service`
    the command's `by` stands where given"""
    server, _ = serve(extra=NO_WATCH)
    lead = create(server.data, "team_lead", name="m.roth")
    robot = create(server.data, "service", name="fhir.bridge")
    both = create(server.data, "service", "case_manager", name="fhir.reader")
    within_a_second(lambda: is_let_in(enter(server, both)))
    case = Story(enter(server, lead)).referral()
    team = {"lead": "a.ander"}
    command = new_id()
    first = case.does("AssignCareTeam", team, by="k.leitung", id=command)
    case.client.lines([{"command": "AssignCareTeam", "case": case.id, "data": team, "by": "k.leitung"}])
    answer = case.client.request(
        "POST", f"/v1/privacy/{case.id}/restrict", json={"reason": "Streit"}, headers={"X-Geleit-By": "k.l"}
    )
    assert answer.status_code == 200, answer.text
    case.does("LiftRestriction", {"reason": "geklärt"}, by="k.leitung")
    for token in (robot, both):
        case.client = enter(server, token)
        case.does("AssignCareTeam", team, by="k.leitung")
        case.does("AssignCareTeam", team)
    # Who sends it again is not asked who sent it first.
    again = case.does("AssignCareTeam", team, id=command)
    assert again == {**first, "repeated": True}
    case.client = enter(server, lead)
    assert [row["by"] for row in case.history()] == ["m.roth"] * 5 + [
        "k.leitung", "fhir.bridge", "k.leitung", "fhir.reader",
    ]  # fmt: skip


def test_who_looked_is_the_tokens_name(serve, enter):
    """The access log's `by` is the token's name, whatever X-Geleit-By says."""
    server, anybody = serve(extra=NO_WATCH)
    case = Story(anybody).referral()
    token = create(server.data, "auditor", name="k.pruefung")
    client = enter(server, token)
    within_a_second(lambda: is_let_in(client))
    head = {"X-Geleit-By": "m.roth", "X-Geleit-Purpose": "audit"}
    assert client.ask(f"cases/{case.id}", headers=head).status_code == 200
    assert client.ask("cases").status_code == 200
    forbidden(client.request("GET", "/v1/status"))
    shut_out(anybody.ask("cases", headers=head))
    assert server.stop() == 0
    looks = geleit_json("audit", "access", "--data", server.data, "--json")["items"]
    assert [(one["by"], one["purpose"], one["what"]) for one in looks] == [
        ("k.pruefung", "audit", "GET /v1/cases/{case}"),
        ("k.pruefung", "-", "GET /v1/cases"),
    ]


# ---------------------------------------------------------------- tokens over HTTP


def asks_for(client, provider, *roles, **more):
    body = {"provider": provider, "roles": list(roles), **more}
    return client.request("POST", "/v1/tokens", json=body)


def ends(client, token: str):
    return client.request("POST", f"/v1/tokens/{token}/revoke")


def test_tokens_are_made_listed_and_revoked_over_http(serve, enter):
    """`POST /v1/tokens` -> 201 with the same object as `create --json`; `GET /v1/tokens` -> {"items": [...]}
    as list; revoke -> 200 with the listed object; unknown: 404"""
    server, anybody = serve(extra=NO_WATCH)
    # Without configured tokens the routes are usable too.
    answer = asks_for(anybody, None, "admin", name="k.leitung")
    assert answer.status_code == 201, answer.text
    admin = enter(server, answer.json())
    within_a_second(lambda: is_let_in(admin) and not is_let_in(anybody))
    shut_out(anybody.request("GET", "/v1/tokens"))
    made = asks_for(admin, "hana", "auditor", "management", expires="2036-05-01").json()
    assert set(made) == MADE
    assert TOKEN.fullmatch(made["token"]) and made["name"] == f"token.{made['id']}"
    assert (made["provider"], sorted(made["roles"])) == ("hana", ["auditor", "management"])
    until = datetime.datetime.fromisoformat(made["expires"])
    day_over = datetime.datetime(2036, 5, 2, tzinfo=BERLIN)
    assert day_over - datetime.timedelta(seconds=1) <= until <= day_over
    holder = enter(server, made)
    within_a_second(lambda: is_let_in(holder))
    shown = items(admin)
    assert [one["name"] for one in shown] == ["k.leitung", made["name"]]
    token = made.pop("token")
    assert shown[1] == made
    assert listed(server.data) == shown
    ended = ends(admin, made["id"])
    assert ended.status_code == 200, ended.text
    assert {**ended.json(), "revoked": None, "revoked_by": "-"} == {**shown[1], "state": "revoked"}
    within_a_second(lambda: not is_let_in(holder))
    assert items(admin)[1] == ended.json() == listed(server.data)[1]
    unknown = refused(ends(admin, "0" * 12), 404)
    assert unknown == {**refused(ends(admin, "1" * 12), 404), "detail": unknown["detail"]}
    assert token.rpartition("_")[2] not in admin.request("GET", "/v1/tokens").text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"provider": None, "roles": []}, "roles"),
        ({"provider": None}, "roles"),
        ({"provider": None, "roles": "auditor"}, "roles"),
        ({"provider": None, "roles": ["chief"]}, "roles"),
        ({"roles": ["auditor"]}, "provider"),
        ({"provider": "Hana", "roles": ["auditor"]}, "provider"),
        ({"provider": 7, "roles": ["auditor"]}, "provider"),
        ({"provider": "hana", "roles": ["operator"]}, ("roles", "provider")),
        ({"provider": None, "roles": ["auditor"], "name": "M. Roth"}, "name"),
        ({"provider": None, "roles": ["auditor"], "name": "m" * 65}, "name"),
        ({"provider": None, "roles": ["auditor"], "expires": "2020-01-01"}, "expires"),
        ({"provider": None, "roles": ["auditor"], "expires": "tomorrow"}, "expires"),
        ({"provider": None, "roles": ["auditor"], "colour": "blue"}, "colour"),
    ],
)
def test_what_is_wrong_with_a_token_is_named(doors, body, field):
    """what is a usage error on the command line is 400 with `field`"""
    client = doors.client("admin")
    before = items(client)
    wanted = {field} if isinstance(field, str) else set(field)
    answer = client.request("POST", "/v1/tokens", json=body)
    problem = refused(answer, 400)
    assert any(problem["field"].startswith(one) for one in wanted), problem
    assert items(client) == before


def test_the_admin_of_a_provider_sees_and_makes_only_its_tokens(serve, enter):
    """An admin of one provider sees, makes and revokes only that provider's tokens (another's id: 404 as one
    that exists nowhere; making one for another provider, for all, or with role operator: 403)"""
    server, _ = serve(extra=NO_WATCH)
    here = create(server.data, "admin", provider="hana", name="k.hana")
    there = create(server.data, "auditor", provider="nord", name="k.nord")
    above = create(server.data, "admin", name="k.haus")
    admin = enter(server, here)
    within_a_second(lambda: is_let_in(enter(server, above)))
    before = listed(server.data)
    for provider, roles, field in [
        ("nord", ["auditor"], "provider"),
        ("nirgends", ["auditor"], "provider"),
        (None, ["auditor"], "provider"),
        ("hana", ["operator"], "roles"),
        ("hana", ["auditor", "operator"], "roles"),
    ]:
        forbidden(asks_for(admin, provider, *roles), field=field)
    nowhere = ends(admin, "0" * 12)
    refused(nowhere, 404)
    for token in (there, above):
        answer = ends(admin, token["id"])
        assert bare(answer) == bare(nowhere) or (
            answer.text.replace(token["id"], "0" * 12) == nowhere.text and answer.status_code == 404
        )
    assert listed(server.data) == before
    made = asks_for(admin, "hana", "case_manager", name="m.roth")
    assert made.status_code == 201, made.text
    assert {one["name"] for one in items(admin)} == {"k.hana", "m.roth"}
    assert ends(admin, made.json()["id"]).json()["state"] == "revoked"
    assert len(items(enter(server, above))) == 4


# ---------------------------------------------------------------- the command line, and where it listens


def told(token=None, file=None) -> dict:
    left = {k: v for k, v in os.environ.items() if not k.startswith("GELEIT_TOKEN")}
    return left | ({"GELEIT_TOKEN": token} if token else {}) | (
        {"GELEIT_TOKEN_FILE": str(file)} if file else {}
    )


def test_the_command_line_sends_the_token(serve, tmp_path):
    """Command-line clients send the token of GELEIT_TOKEN, else the first line of the file
    GELEIT_TOKEN_FILE."""
    server, anybody = serve(extra=NO_WATCH)
    case = Story(anybody).referral()
    roles = ["case_manager", "team_lead", "operator"]
    token = create(server.data, *roles, name="m.roth")["token"]
    within_a_second(lambda: not is_let_in(anybody))
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    another = "glt_" + "0" * 12 + "_" + "0" * 64
    right.write_text(token + "\nwhat else stands there\n")
    wrong.write_text(another + "\n")
    command = {"command": "AssignCareTeam", "id": new_id(), "case": case.id, "data": {"lead": "m.roth"}}
    commands = [
        (("get", "cases", "--json"), {}),
        (("get", "status", "--json"), {}),
        (("submit", "-", "--wait", 1), {"stdin": json.dumps(command) + "\n"}),
        (("alert", "list", "--json"), {}),
        (("privacy", "restrict", case.id, "--reason", "Streit"), {}),
        (("privacy", "lift", case.id, "--reason", "geklärt"), {}),
        (("backup", tmp_path / "backup", "--data", server.data), {}),
    ]
    for arguments, options in commands:
        arguments = (*arguments, "--server", server.url)
        for environment in (told(), told(file=wrong), told(token=another, file=right)):
            done = geleit(*arguments, **options, env=environment)
            assert done.returncode not in (DONE, USAGE) and done.stderr.strip(), (arguments, done)
            assert token not in done.stdout + done.stderr
        done = geleit(*arguments, **options, env=told(file=right))
        assert done.returncode == DONE, (arguments, done)
    for environment in (told(token=token), told(token=token, file=wrong)):
        done = geleit("get", "cases", "--json", "--server", server.url, env=environment)
        assert done.returncode == DONE and case.id in done.stdout, done
    missing = told(file=tmp_path / "nothing")
    assert geleit("get", "cases", "--server", server.url, env=missing).returncode != DONE
    assert not (tmp_path / "backup.partial").exists()


def begins(data, *arguments) -> subprocess.CompletedProcess:
    """`geleit serve` where it is to be refused."""
    return subprocess.run(
        [executable(), "serve", "--data", str(data), *arguments, *NO_WATCH],
        capture_output=True,
        text=True,
        timeout=10,
    )


def test_others_are_let_in_only_with_tokens_and_behind_a_proxy(serve, tmp_path, enter):
    """`geleit serve --listen 0.0.0.0:PORT` without tokens is refused with exit 2 and a sentence on stderr
    naming `geleit token create`; with tokens it is refused too unless `--behind-proxy` is given"""
    server, _ = serve(extra=NO_WATCH)
    assert server.stop() == 0
    for more in (("0.0.0.0:0",), ("0.0.0.0:0", "--behind-proxy"), ("127.0.0.1:0", "--behind-proxy")):
        done = begins(server.data, "--listen", *more)
        assert done.returncode == USAGE and "geleit token create" in done.stderr, done
    token = create(server.data, "auditor")
    done = begins(server.data, "--listen", "0.0.0.0:0")
    assert done.returncode == USAGE and "--behind-proxy" in done.stderr, done
    with Server(server.data, server.clock, (*NO_WATCH, "--behind-proxy"), listen="0.0.0.0:0") as outside:
        shut_out(enter(outside).ask("cases"))
        holder = enter(outside, token)
        assert holder.ask("cases").status_code == 200
        # The proxy has the name that people call.
        assert holder.ask("cases", headers={"Host": "geleit.example.org"}).status_code == 200


def test_whoever_deals_with_insurers_sees_no_visit(serve, enter):
    """`insurer_desk` (approvals only)"""
    server, anybody = serve(extra=NO_WATCH)
    case = Story(anybody).running()
    assert anybody.get(f"cases/{case.id}")["visits"]
    desk = enter(server, create(server.data, "insurer_desk"))
    within_a_second(lambda: is_let_in(desk))
    seen = desk.get(f"cases/{case.id}")
    assert seen["visits"] == [] and seen["deadlines"] and seen["balance"]["delivered"] == 60


def test_who_made_and_who_ended_a_token_stands_with_it(serve, enter):
    """The id of a token, `os:` and a user of the operating system, or `-`."""
    server, _ = serve(extra=NO_WATCH)
    made = create(server.data, "admin")
    assert made["made_by"].startswith("os:") and made["revoked_by"] == "-"
    admin = enter(server, made)
    within_a_second(lambda: is_let_in(admin))
    other = asks_for(admin, None, "auditor").json()
    assert other["made_by"] == made["id"]
    assert ends(admin, other["id"]).json()["revoked_by"] == made["id"]


def test_the_readme_shows_the_same_tables():
    """Roles (a table in `services/http/README.md` …)"""
    shown = {}
    for line in README.read_text("utf-8").splitlines():
        names, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == len(LETTERS) and names.startswith("`"):
            roles = {role for role, cell in zip(LETTERS.values(), cells, strict=True) if cell == "x"}
            shown |= {name: roles for name in re.findall("`([^`]+)`", names)}
    meant = {name: roles for name, (roles, is_open) in (MAY_CALL | MAY_SEND).items() if not is_open}
    assert shown == meant
