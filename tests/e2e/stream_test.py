"""GET /v1/stream: changes of rows as they happen, without gap or double over every break."""

import resource
import signal
import threading
import time

import httpx
import pytest

from client import Client, new_id, refused
from listening import LISTS, Event, Listener, key_of, open_stream
from program import NO_WATCH, Server
from story import Story, at, referral_data

CLOCK = "2026-04-04T09:00:00+02:00"
ROLES = "intake,query"
LISTENERS_MAX = 2000


def provider(story: Story) -> tuple:
    return ("provider", story.provider)


def visits(events: list[Event]) -> list[str]:
    return [e.data["row"]["visit"] for e in events if e.data.get("table") == "visits" and e.data["row"]]


def about(case) -> callable:
    return lambda event: event.name == "row" and event.data["key"].startswith(case.id)


def test_a_row_is_told_as_its_list_has_it(server, client, story):
    """row changes of any table, the row as the list's JSON would show it"""
    with Listener(server.url, provider(story)) as listener:
        assert listener.ready()["resumed"] is False
        case = story.running()
        case.schedules("2026-04-20")
        listener.until(lambda e: e.data.get("table") == "visits" and e.data["row"]["state"] == "scheduled")
        listener.rest()
    for table in LISTS:
        rows = client.rows(table, provider=story.provider)
        told = [row for (of, _), row in listener.state.items() if of == table]
        order = lambda row: sorted(map(str, row.items()))  # noqa: E731
        assert sorted(told, key=order) == sorted(rows, key=order), table
        for row in rows:
            if key := key_of(table, row):
                assert listener.state[table, key] == row


def test_a_row_that_is_no_more_is_null(server, story):
    """{table, key, row | null}"""
    case = story.running()
    with Listener(server.url, provider(story), ("table", "tasks")) as listener:
        listener.ready()
        before = case.client.rows("tasks", case=case.id)
        case.completes("2026-04-01")
        gone = [e for e in listener.until(lambda e: e.data["row"] is None) if e.data["row"] is None]
    assert before and gone[0].data["key"].startswith(case.id + "/")


def test_filters_are_those_of_the_lists(server, story):
    """with filters (table= repeatable; column filters as in lists)"""
    case, other = story.running(), story.running()
    with (
        Listener(server.url, ("table", "visits"), ("case", case.id)) as mine,
        Listener(server.url, provider(story), ("table", "visits"), ("state", "scheduled")) as open_ones,
        Listener(server.url, provider(story), ("table", "visits"), ("table", "cases")) as two_tables,
    ):
        for listener in (mine, open_ones, two_tables):
            listener.ready()
        other.schedules("2026-04-21")
        case.schedules("2026-04-22")
        case.does("CancelVisit", {"visit": case.visit, "reason": "Umzug"})
        cancelled = lambda e: e.data.get("row") and e.data["row"].get("state") == "cancelled"  # noqa: E731
        assert {e.data["row"]["case"] for e in mine.until(cancelled)} == {case.id}
        # What the filter does not keep any more is told as gone.
        *_, last = open_ones.until(lambda e: e.data["row"] is None)
        assert last.data["key"] == f"{case.id}/{case.visit}"
        assert visits(open_ones.rest()) == []
        seen = two_tables.until(cancelled)
    assert {e.data["table"] for e in seen} == {"visits", "cases"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("table=gibt-es-nicht", "table"),
        ("table=visits&lead=m.roth", "lead"),  # visits have none
        ("table=visits&state=nichts", "state"),
        ("case=4711", "case"),
        ("farbe=rot", "farbe"),
        ("limit=3", "limit"),
        ("sort=case", "sort"),
        ("cursor=abc", "cursor"),
        ("today=2026-01-01", "today"),
        ("wait_for=0:1", "wait_for"),
        ("case.from=1", "case.from"),
        ("provider=a&provider=b", "provider"),
        ("provider=Über", "provider"),
        ("language=fr", "language"),
        ("since=gestern", "since"),
        ("since=4711:1", "since"),
        ("since=0:1/", "since"),
        ("since=", "since"),
    ],
)
def test_what_is_no_filter_is_named(client, query, field):
    """unknown ones 400 naming the field"""
    refused(client.request("GET", "/v1/stream", params=query), 400, field=field)
    refused(client.request("GET", "/v1/stream", headers={"Last-Event-ID": "x"}), 400, field="Last-Event-ID")
    refused(client.request("GET", "/v1/stream", headers={"Accept": "text/csv"}), 406)


def test_sentences_follow_the_language(server, story):
    """Accept-Language; EventSource cannot set it, so there is a parameter"""
    with (
        Listener(server.url, provider(story), ("table", "deadlines")) as german,
        Listener(
            server.url, provider(story), ("table", "deadlines"), headers=[("Accept-Language", "en")]
        ) as english,
        Listener(server.url, provider(story), ("table", "deadlines"), ("language", "en")) as chosen,
    ):
        for listener in (german, english, chosen):
            listener.ready()
        case = story.referral()
        said = [
            listener.until(about(case))[-1].data["row"]["explanation"]
            for listener in (german, english, chosen)
        ]
    assert "Entlassung" in said[0] and "ischarge" in said[1] and said[1] == said[2]


def follow(server, story, *, breaks: int, between=lambda: None) -> tuple[list[Event], list[str]]:
    """Listens while visits are scheduled, breaks off in the middle so many times and comes back; all events,
    and the visits that were scheduled."""
    case = story.running()
    params = (provider(story), ("table", "visits"))
    made: list[str] = []
    seen: list[Event] = []
    case.client.rows("visits", case=case.id)  # waits until the tables have what was told so far
    with Listener(server.url, *params) as listener:
        listener.ready()
        last = listener.last  # nothing has happened since
    for turn in range(breaks):
        answers = case.client.lines(
            {
                "command": "ScheduleVisit",
                "id": new_id(),
                "case": case.id,
                "data": {
                    "visit": new_id(),
                    "starts_at": at("2026-05-04", f"{8 + turn % 10:02}:{n:02}"),
                    "minutes": 60,
                    "staff": "m.roth",
                    "place": "home",
                    "category": "guidance",
                },
            }
            for n in range(20)
        )
        assert all("status" not in answer for answer in answers), answers
        between()
        with Listener(server.url, *params, last=last) as listener:
            listener.ready()
            # Not to the end of what has come: the rest must come after the break.
            for _ in range(7 + turn):
                seen.append(listener.next())
            last = seen[-1].id
    with Listener(server.url, *params, last=last) as listener:
        listener.ready()
        seen += listener.rest(1)
    made = [row["visit"] for row in case.client.rows("visits", case=case.id, state="scheduled")]
    return seen, made


def test_who_breaks_off_in_the_middle_goes_on_there(server, story):
    """resumes from Last-Event-ID without gap or double"""
    seen, made = follow(server, story, breaks=8)
    told = visits(seen)
    assert len(told) == len(set(told)), "a row came twice"
    assert set(told) == set(made) and len(made) == 160
    assert not [e for e in seen if e.name == "reset"]


def test_nothing_is_lost_or_doubled_over_kill_and_restart(serve):
    """resume without gap/double over kill -9 and restart: then the log tells what changed since"""
    server, client = serve()
    story = Story(client, "ueberlebende")

    def killed():
        server.kill()
        server.start()
        client.http.base_url = server.url
        client.url = server.url

    seen, made = follow(server, story, breaks=3, between=killed)
    assert not [e for e in seen if e.name == "reset"]
    told = visits(seen)
    assert len(told) == len(set(told)), "a row came twice"
    assert set(told) == set(made) and len(made) == 60


def test_a_place_within_a_write_is_the_same_to_another_process(serve):
    """resume … over kill -9: which rows changed, and in which order, the log alone decides"""
    server, client = serve()
    case = Story(client, "genau").referral()
    case.applies()
    client.get("cases", limit=1)
    with Listener(server.url) as listener:
        listener.ready()
        case.is_approved()
        told = listener.rest()
    assert len(told) > 3 and "~" in told[0].id
    for n, event in enumerate(told):
        server.kill()
        server.start()
        with Listener(server.url, last=event.id) as listener:
            assert listener.ready()["resumed"] is True
            assert [(e.name, e.data, e.id) for e in listener.rest(0.6)] == [
                (e.name, e.data, e.id) for e in told[n + 1 :]
            ]
    client.http.base_url = server.url


def test_too_far_behind_is_told_to_read_anew(serve):
    """says reset when it is too far behind; a place of another log is one, too"""
    server, client = serve()
    story = Story(client, "weit-zurueck")
    story.referral()
    with Listener(server.url) as listener:
        listener.ready()
        last = listener.last
    server.stop()  # so that only the log could tell what comes now …
    server.start()
    client = Client(server.url)
    for n in range(5):
        lines = [
            {"command": "ReceiveReferral", "id": new_id(), "data": referral_data(provider="viele")}
            for _ in range(500)
        ]
        assert all("status" not in answer for answer in client.lines(lines, judged=False)), n
    client.get("cases", limit=1)
    with Listener(server.url, last=last) as listener:
        listener.ready()
        event = listener.next()
        assert event.name == "reset" and event.data["why"] == "too_far_behind"
        # … and from there it goes on.
        case = Story(client, "danach").referral()
        listener.until(about(case))
    with Listener(server.url, last="0:999999") as listener:
        listener.ready()
        assert listener.next().data["why"] == "unknown_position"
    client.close()


def test_who_hears_nothing_hears_that(server, story):
    """heartbeats (comment every 15 s), which carry the place on"""
    with Listener(server.url, ("provider", "niemand")) as listener:
        listener.ready()
        first = listener.last
        story.referral()
        began = time.monotonic()
        while listener.comments == 0 and time.monotonic() < began + 20:
            time.sleep(0.1)
        assert listener.comments == 1 and 12 < time.monotonic() - began < 18
        assert listener.last != first and listener.rest(0.1) == []


def test_midnight_is_told(serve):
    """event: day, for what is computed from today"""
    server, client = serve(clock="2026-04-04T23:59:58+02:00")
    with Listener(server.url) as listener:
        assert listener.ready()["today"] == "2026-04-04"
        *_, last = listener.until(lambda e: e.name == "day")
    assert last.data == {"today": "2026-04-05"}


def metric(url: str, name: str) -> float:
    lines = httpx.get(url + "/metrics").text.splitlines()
    return float(next(line.split()[-1] for line in lines if line.startswith(name + " ")))


def test_who_does_not_read_is_dropped_and_waited_for_by_nobody(serve):
    """slow readers are dropped, not waited for"""
    server, client = serve()
    slow = open_stream(server.url, receive_bytes=4096)
    with Listener(server.url, ("table", "cases")) as quick:
        quick.ready()
        began = time.monotonic()
        while metric(server.url, "geleit_stream_dropped_total") == 0:
            assert time.monotonic() < began + 60, "the slow one is still there"
            lines = [
                {"command": "ReceiveReferral", "id": new_id(), "data": referral_data(provider="flut")}
                for _ in range(200)
            ]
            answers = client.lines(lines, judged=False)
            sent = time.monotonic()
            quick.until(lambda e: e.data.get("row") and e.data["row"]["case"] == answers[-1]["case"])
            assert time.monotonic() - sent < 2
        assert metric(server.url, "geleit_stream_listeners") == 1
    slow.close()


def test_more_than_there_is_room_for_are_told_to_come_again(serve):
    """bounded number of listeners; beyond it 503 with Retry-After"""
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    server, client = serve()
    url = server.url
    assert metric(url, "geleit_stream_listeners_max") == LISTENERS_MAX
    held = [open_stream(url) for _ in range(LISTENERS_MAX)]
    try:
        end = time.monotonic() + 20
        while metric(url, "geleit_stream_listeners") < LISTENERS_MAX:
            assert time.monotonic() < end
            time.sleep(0.05)
        answer = client.request("GET", "/v1/stream")
        assert answer.status_code == 503 and int(answer.headers["retry-after"]) >= 1
        held.pop().close()
        while metric(url, "geleit_stream_listeners") == LISTENERS_MAX:
            assert time.monotonic() < end
            time.sleep(0.05)
        with Listener(url) as listener:
            listener.ready()
    finally:
        for connection in held:
            connection.close()


def test_it_ends_as_a_whole_answer_when_the_service_ends(serve):
    """ends cleanly at SIGTERM"""
    server, client = serve()
    listeners = [Listener(server.url) for _ in range(5)]
    for listener in listeners:
        listener.ready()
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    assert time.monotonic() - began < 5
    for listener in listeners:
        listener.thread.join(5)
        assert listener.whole
    client.close()


def test_another_process_goes_on_where_one_has_ended(tmp_path):
    """position ids are log positions, so a client may resume at another process"""
    import program

    if not program.on_kafka():
        pytest.skip("one log, several processes: on Kafka only")
    with Server(tmp_path / "a", extra=NO_WATCH) as one:
        log = program.log_arguments(tmp_path / "a")
        with Server(tmp_path / "b", extra=("--roles", "query", "--intake", one.url, *log)) as two:
            client = Client(one.url)
            case = Story(client, "zwei-prozesse").running()
            with Listener(one.url, ("table", "visits"), ("case", case.id)) as listener:
                listener.ready()
                case.schedules("2026-05-04")
                listener.until(about(case))
                last = listener.last
            first = case.visit
            case.schedules("2026-05-05")
            with Listener(two.url, ("table", "visits"), ("case", case.id), last=last) as listener:
                listener.ready()
                told = visits(listener.rest(2))
            assert told == [case.visit] and first not in told
            client.close()


def test_many_listen_while_many_write(serve):
    """every listener sees the same last state, whatever it missed in between"""
    server, client = serve()
    listeners = [Listener(server.url, ("table", "cases")) for _ in range(20)]
    for listener in listeners:
        listener.ready()

    written = []

    def write(name):
        own = Client(server.url)
        for _ in range(20):
            own.done("ReceiveReferral", None, referral_data(provider=name))
        written.append(own.positions)
        own.close()

    writers = [threading.Thread(target=write, args=(f"schreiber-{n}",)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    # The list is read once it holds what all of them wrote.
    for partition in set().union(*written):
        client.positions[partition] = max(of.get(partition, 0) for of in written)
    expected = {row["case"]: row for row in client.rows("cases")}
    assert len(expected) == 4 * 20
    for listener in listeners:
        listener.rest()
        assert {key: row for (_, key), row in listener.state.items()} == expected
        listener.close()
