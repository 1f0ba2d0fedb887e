"""Many clients at once: the log decides (DESIGN.md). What each of them is told fits one order of events."""

import threading

import pytest

from client import Client, new_id
from story import Case

ROLES = "intake,query"  # versions and records are counted

CLIENTS = 8


@pytest.fixture
def at_once(server):
    """at_once(act): act(client, number) by every client at the same moment; their results in no order."""
    clients = [Client(server.url) for _ in range(CLIENTS)]

    def run(act):
        barrier, results, faults = threading.Barrier(CLIENTS), [], []

        def one(number, client):
            try:
                barrier.wait(10)
                results.append(act(client, number))
            except BaseException as fault:
                faults.append(fault)

        threads = [threading.Thread(target=one, args=pair) for pair in enumerate(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        if faults:
            raise faults[0]
        return results

    yield run
    for client in clients:
        client.close()


def test_commands_on_one_case_get_versions_of_their_own(story, at_once):
    """version (1, 2, 3 … in its case)"""
    case = story.referral()

    def act(client, number):
        data = [{"lead": f"leitung-{number}-{turn}"} for turn in range(25)]
        return [(Case(client, case.id).does("AssignCareTeam", d), d) for d in data]

    told = [pair for pairs in at_once(act) for pair in pairs]
    assert sorted(answer["version"] for answer, _ in told) == list(range(2, 2 + CLIENTS * 25))
    for answer, _ in told:
        case.client.remember(answer)
    by_version = {row["version"]: row for row in case.history() if not row["stale"]}
    assert len(by_version) == 1 + CLIENTS * 25
    for answer, data in told:
        assert by_version[answer["version"]]["data"]["lead"] == data["lead"]
        assert by_version[answer["version"]]["position"] == answer["position"]
    assert case.now()["lead"] == by_version[len(by_version)]["data"]["lead"]


def test_the_same_command_from_many_is_recorded_once(story, at_once):
    """a retry gets the same answer with `"repeated": true`"""
    case = story.referral()
    command = {
        "command": "DeliverVisit",
        "id": new_id(),
        "case": case.id,
        "data": case.delivery_data("2026-03-02"),
    }
    told = at_once(lambda client, _: client.post(command).json())
    first = [answer for answer in told if not answer.get("repeated")]
    assert len(first) == 1
    assert all({**answer, "repeated": True} == {**first[0], "repeated": True} for answer in told)
    case.client.remember(first[0])
    assert (len(case.history()), case.balance()["delivered"]) == (2, 60)


def test_the_same_id_with_many_contents_is_recorded_once(story, at_once):
    """same id with other content is 409"""
    case = story.referral()
    command = new_id()

    def act(client, number):
        return client.command("AssignCareTeam", case.id, {"lead": f"leitung-{number}"}, id=command)

    told = at_once(act)
    assert sorted(answer.status_code for answer in told) == [200] + [409] * (CLIENTS - 1)
    for answer in told:
        if answer.status_code == 200:
            case.client.remember(answer.json())
    assert len(case.history()) == 2


def test_of_many_that_expect_one_version_one_wins(story, at_once):
    """`409` version conflict"""
    case = story.referral()

    def act(client, number):
        return client.command("AssignCareTeam", case.id, {"lead": f"leitung-{number}"}, expect_version=1)

    told = at_once(act)
    assert sorted(answer.status_code for answer in told) == [200] + [409] * (CLIENTS - 1)
    assert all(answer.json()["version"] >= 2 for answer in told)


def test_one_case_is_opened_once(story, at_once):
    """`ReceiveReferral` may name a new `case`; one already in use is 409."""
    case = new_id()
    told = at_once(lambda client, _: client.command("ReceiveReferral", case, story.data()))
    assert sorted(answer.status_code for answer in told) == [200] + [409] * (CLIENTS - 1)


def test_what_only_one_may_do_is_done_once(story, at_once):
    """CompleteCare: running; anything else is 409 with the state"""
    case = story.running()
    told = at_once(
        lambda client, _: client.command(
            "CompleteCare", case.id, {"completed_on": "2026-05-08", "goal_reached": True}
        )
    )
    assert sorted(answer.status_code for answer in told) == [200] + [409] * (CLIENTS - 1)
    assert {answer.json()["state"] for answer in told if answer.status_code == 409} == {"completed"}


def test_files_about_the_same_cases_interleave(story, at_once):
    """answered line by line in order, each independently accepted or refused"""
    cases = [story.referral() for _ in range(20)]

    def act(client, number):
        lines = [
            {
                "command": "DeliverVisit",
                "id": new_id(),
                "case": case.id,
                "data": case.delivery_data("2026-03-02", f"{8 + number:02}:{turn:02}", minutes=15),
            }
            for turn in range(10)
            for case in cases
        ]
        return client.lines(lines)

    told = [answer for answers in at_once(act) for answer in answers]
    assert not [answer for answer in told if "status" in answer]
    for answer in told:
        story.client.remember(answer)
    for case in cases:
        versions = [answer["version"] for answer in told if answer["case"] == case.id]
        assert sorted(versions) == list(range(2, 2 + CLIENTS * 10))
        assert case.balance()["delivered"] == CLIENTS * 10 * 15


def test_readers_see_whole_cases_while_others_write(story, at_once):
    """the tables are always exactly the rows of a prefix of the log (DESIGN.md)"""
    case = story.approved(units=20)

    def act(client, number):
        mine = Case(client, case.id)
        for turn in range(10):
            if number % 2:
                mine.is_visited("2026-03-02", minutes=15, time=f"{8 + number:02}:{turn:02}")
            else:
                now = mine.now()
                delivered = [v for v in now["visits"] if v["state"] == "delivered"]
                assert sum(v["minutes"] for v in delivered) == now["balance"]["delivered"]
                # A reader that has seen nothing yet may be shown the case before its approval.
                assert now["version"] == 3 + len(delivered) or (now["version"] < 3 and not delivered)
        return True

    assert all(at_once(act))
