"""API.md, What is allowed when: every command in every situation that a case can be in.

Each situation is lived once; then every command is tried on it as a dry run, which may change nothing. What
is expected is computed from the table of API.md, written down again in `allowed` below."""

from dataclasses import dataclass

import pytest

from client import new_id, refused
from story import Case, at

CLOSED = "2026-04-10"
BEFORE_CLOSE, ON_CLOSE, AFTER_CLOSE = "2026-03-06", CLOSED, "2026-04-11"
ENDED = {"completed", "discontinued", "withdrawn", "denied"}


@dataclass
class Situation:
    """A case with what the table asks about it. None: the table's words do not say what the state is
    called."""

    case: Case
    state: str | None
    application_made: bool = False
    application_undecided: bool = False
    standing: str | None = None  # an approval
    revoked: str | None = None
    objection: str | None = None  # of the latest denial: "none", "filed" or "decided"; None: no denial
    extension_undecided: bool = False
    delivered: str | None = None  # a visit that counts
    voided: str | None = None
    died: bool = False
    scheduled: str = ""
    alert: str = ""


def begin(story) -> Situation:
    case = story.referral()
    alert = case.settles().alert()["alert"]
    case.schedules("2026-07-10")
    scheduled = case.visit
    case.does(
        "ReceiveFollowUpReferral",
        {"prescribed_on": "2026-03-30", "units": 6, "prescriber": {"kind": "hospital"}},
    )
    return Situation(case, "referred", scheduled=scheduled, alert=alert)


def applied(story):
    s = begin(story)
    s.case.applies()
    s.state, s.application_made, s.application_undecided = "applied", True, True
    return s


def approved(story):
    s = applied(story)
    s.case.is_approved()
    s.state, s.application_undecided, s.standing = "approved", False, s.case.approval
    return s


def approval_revoked(story):
    s = approved(story)
    s.case.does("RevokeApproval", {"approval": s.standing, "reason": "Versehen"})
    s.state, s.standing, s.revoked = None, None, s.standing
    return s


def approved_and_applied_again(story):
    s = approved(story)
    s.case.applies(submitted_on="2026-03-02")
    s.application_undecided = True
    return s


def deliver(s, state="running"):
    s.case.is_visited("2026-02-27")
    s.state, s.delivered = state, s.case.visit
    return s


def running(story):
    return deliver(approved(story))


def running_unapplied(story):
    return deliver(begin(story))


def running_undecided(story):
    return deliver(applied(story))


def preparatory_unit(story):
    s = approved(story)
    s.case.is_visited("2026-02-19")
    s.delivered = s.case.visit
    return s


def unit_voided(story):
    s = running(story)
    s.case.does("VoidVisit", {"visit": s.delivered, "reason": "doppelt"})
    s.state, s.delivered, s.voided = "approved", None, s.delivered
    return s


def extension_requested(story):
    s = running(story)
    s.case.does("RequestExtension", s.case.extension_data(4, "2026-03-31"))
    s.case.does(
        "ReceiveFollowUpReferral",
        {"prescribed_on": "2026-03-31", "units": 6, "prescriber": {"kind": "hospital"}},
    )
    s.extension_undecided = True
    return s


def extension_denied(story):
    s = extension_requested(story)
    s.case.does("DenyExtension", s.case.denial_data(decided_on="2026-04-02", posted_on="2026-04-02"))
    s.extension_undecided, s.objection = False, "none"
    return s


def extension_granted(story):
    s = extension_requested(story)
    s.case.granted("GrantExtension", units=4, decided_on="2026-04-02")
    s.extension_undecided, s.standing = False, s.case.approval
    return s


def denied(story):
    s = applied(story)
    s.case.is_denied()
    s.state, s.application_undecided, s.objection = "denied", False, "none"
    return s


def denied_while_running(story):
    s = running_undecided(story)
    s.case.is_denied()
    s.state, s.application_undecided, s.objection = "denied", False, "none"
    return s


def objected(story):
    s = denied(story)
    s.case.does("FileObjection", {"filed_on": "2026-03-10"})
    s.state, s.objection = "applied", "filed"
    return s


def objected_while_running(story):
    s = denied_while_running(story)
    s.case.does("FileObjection", {"filed_on": "2026-03-10"})
    s.state, s.objection = "running", "filed"
    return s


def objection_failed(story):
    s = objected(story)
    s.case.does("DecideObjection", {"decided_on": "2026-04-01", "upheld": False})
    s.state, s.objection = "denied", "decided"
    return s


def objection_upheld(story):
    s = objected(story)
    s.case.does("DecideObjection", {"decided_on": "2026-04-01", "upheld": True})
    s.state, s.objection = "applied", "decided"
    return s


def denied_and_applied_again(story):
    s = denied(story)
    s.case.applies(submitted_on="2026-03-10")
    s.state, s.application_undecided = "applied", True
    return s


def denied_beside_an_approval(story):
    s = approved_and_applied_again(story)
    s.case.is_denied(decided_on="2026-03-10", posted_on="2026-03-10")
    s.application_undecided, s.objection = False, "none"
    return s


def complete(s):
    s.case.completes(CLOSED)
    s.state = "completed"
    return s


def completed(story):
    return complete(running(story))


def completed_undecided(story):
    return complete(running_undecided(story))


def completed_unapplied(story):
    return complete(running_unapplied(story))


def completed_extension_requested(story):
    return complete(extension_requested(story))


def completed_objected(story):
    return complete(objected_while_running(story))


def discontinue(s, cause="moved"):
    s.case.discontinues(CLOSED, cause)
    s.state, s.died = "discontinued", cause == "died"
    return s


def discontinued(story):
    return discontinue(running(story))


def discontinued_at_once(story):
    return discontinue(begin(story))


def discontinued_undecided(story):
    return discontinue(applied(story))


def died(story):
    return discontinue(running(story), "died")


def withdrawn(story):
    s = begin(story)
    s.case.does("WithdrawReferral", {"reason": "Familie verzichtet"}, happened=CLOSED)
    s.state = "withdrawn"
    return s


def withdrawn_after_the_approval(story):
    s = approved(story)
    s.case.does("WithdrawReferral", {"reason": "Familie verzichtet"}, happened=CLOSED)
    s.state = "withdrawn"
    return s


def reopened(story):
    s = completed(story)
    s.case.does("ReopenCase", {"reason": "Irrtum"})
    s.state = "running"
    return s


SITUATIONS = [
    begin,
    applied,
    approved,
    approval_revoked,
    approved_and_applied_again,
    running,
    running_unapplied,
    running_undecided,
    preparatory_unit,
    unit_voided,
    extension_requested,
    extension_denied,
    extension_granted,
    denied,
    denied_while_running,
    objected,
    objected_while_running,
    objection_failed,
    objection_upheld,
    denied_and_applied_again,
    denied_beside_an_approval,
    completed,
    completed_undecided,
    completed_unapplied,
    completed_extension_requested,
    completed_objected,
    discontinued,
    discontinued_at_once,
    discontinued_undecided,
    died,
    withdrawn,
    withdrawn_after_the_approval,
    reopened,
]


def tries(s: Situation):
    """Every command with data that only the situation can forbid: (name, data, reasons, what the table
    says)."""
    case = s.case
    ended = s.state in ENDED
    not_ended = not ended
    closed = s.state in {"completed", "discontinued"}
    unknown = new_id()
    opinion = {"told_on": "2026-03-12", "opinion_on": "2026-03-12"}
    grant = case.approval_data(decided_on="2026-04-03", units=4)
    deny = case.denial_data(decided_on="2026-04-03", posted_on="2026-04-03")
    rescheduled = {"visit": s.scheduled, "starts_at": at("2026-07-13")}
    corrected = {"minutes": 45, "reason": "Tippfehler"}
    death = {"SMN-DEATH": "Abschlussgespräch mit den Eltern"}
    scheduled = not_ended  # while a case is ended its scheduled visits show as cancelled

    yield "AssignCareTeam", {"lead": "m.roth"}, None, not_ended
    yield "AgreeCarePlan", {"agreed_on": "2026-03-02", "goals": ["Ernährung sicher"]}, None, not_ended
    yield (
        "ReceiveFollowUpReferral",
        {"prescribed_on": "2026-04-01", "units": 6, "prescriber": {"kind": "hospital"}},
        None,
        not_ended,
    )
    yield "ScheduleVisit", case.visit_data("2026-07-14"), death, not_ended
    yield "DiscontinueCare", {"discontinued_on": "2026-04-20", "cause": "other"}, None, not_ended

    yield "DeliverVisit", case.delivery_data(BEFORE_CLOSE), None, not_ended or closed
    yield "DeliverVisit", case.delivery_data(ON_CLOSE), None, not_ended or closed
    yield "DeliverVisit", case.delivery_data(AFTER_CLOSE), death, not_ended or s.died

    yield (
        "SubmitApplication",
        {"units": 6, "submitted_on": "2026-04-03"},
        None,
        not_ended or s.state == "denied",
    )

    for command, data in (
        ("AmendReferral", {"units": 13}),
        ("RecordDischarge", {"discharged_on": "2026-02-20"}),
        ("RecordCoverage", {"coverage": "insured", "since": "2026-01-01"}),
    ):
        yield command, data, None, s.state != "withdrawn"
    # Of Soziotherapie; these are cases of aftercare (soziotherapie_test.py has the others).
    yield "RecordExemption", {"from": "2026-01-01", "until": "2026-12-31"}, None, False

    if not s.extension_undecided:  # whether an extension request is an application too is not said here
        yield "NoteExpertOpinion", opinion, None, s.application_undecided
    elif s.application_undecided:
        yield "NoteExpertOpinion", opinion, None, True

    decidable = s.application_made and s.state != "withdrawn"
    yield "GrantApproval", grant, None, decidable
    yield "DenyApproval", deny, None, decidable

    approval = s.standing or s.revoked or unknown
    yield (
        "CorrectApproval",
        {"approval": approval, "reference": "AZ 4799", "reason": "Tippfehler"},
        None,
        bool(s.standing),
    )
    yield "RevokeApproval", {"approval": approval, "reason": "Versehen"}, None, bool(s.standing)

    yield "FileObjection", {"filed_on": "2026-04-07"}, None, s.objection == "none"
    yield "DecideObjection", {"decided_on": "2026-04-07", "upheld": True}, None, s.objection == "filed"

    yield "RequestExtension", case.extension_data(4, "2026-04-07"), None, s.state == "running"
    yield "GrantExtension", grant, None, s.extension_undecided
    yield "DenyExtension", deny, None, s.extension_undecided

    yield "RescheduleVisit", rescheduled, None, scheduled
    yield "CancelVisit", {"visit": s.scheduled, "reason": "Kind krank"}, None, scheduled
    yield "MissVisit", {"visit": s.scheduled}, None, scheduled
    for visit in filter(None, (s.delivered, s.voided)):
        yield "RescheduleVisit", {**rescheduled, "visit": visit}, None, False
        yield "CancelVisit", {"visit": visit, "reason": "Kind krank"}, None, False
        yield "MissVisit", {"visit": visit}, None, False

    yield (
        "CorrectVisit",
        {"visit": s.delivered or s.voided or s.scheduled, **corrected},
        None,
        bool(s.delivered),
    )
    yield (
        "VoidVisit",
        {"visit": s.delivered or s.voided or s.scheduled, "reason": "doppelt"},
        None,
        bool(s.delivered),
    )

    yield "CompleteCare", {"completed_on": "2026-04-20", "goal_reached": True}, None, s.state == "running"
    yield "WithdrawReferral", {"reason": "Familie verzichtet"}, None, not_ended and not s.delivered
    yield "ReopenCase", {"reason": "Irrtum"}, None, s.state in {"completed", "discontinued", "withdrawn"}
    yield "SendFinalReport", {"sent_on": "2026-05-20", "to": "Krankenkasse"}, None, closed
    yield "TickChecklist", {"step": "agree_care_plan", "item": "sign"}, None, s.state != "withdrawn"

    yield "RestrictProcessing", {"reason": "Eltern widersprechen"}, None, True
    yield "LiftRestriction", {"reason": "nie eingeschränkt"}, None, False

    alert = s.alert or unknown
    yield "AcknowledgeAlert", {"alert": alert, "note": "Familie ruft zurück"}, None, True
    yield "SnoozeAlert", {"alert": alert, "until": "2026-07-03", "reason": "Kind im Urlaub"}, None, True


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda builder: builder.__name__)
def test_every_command_in_every_situation(story, situation):
    """**What is allowed when** (ended = completed, discontinued, withdrawn, denied; anything else is 409
    with the state): the whole table"""
    items = [{"item": "sign", "text": {"de": "Unterschrift der Eltern", "en": "Signed by the parents"}}]
    settings = {"checklists": [{"step": "agree_care_plan", "items": items}]}
    adopted = {"provider": story.provider, "from": "2026-01-01", "settings": settings}
    story.client.done("AdoptSettings", None, adopted)
    s = situation(story)
    before = s.case.settles().now()
    state = before["state"]
    if s.state is not None:
        assert state == s.state
    wrong = []
    for command, data, reasons, allowed in tries(s):
        answer = s.case.tries(command, data, reasons=reasons, dry_run=True)
        body = answer.json()
        if allowed and answer.status_code != 200:
            wrong.append(
                f"{command} {data}: expected to be allowed, but {answer.status_code} {body['detail']}"
            )
        elif not allowed and answer.status_code != 409:
            wrong.append(f"{command} {data}: expected 409, but {answer.status_code} {body}")
        elif not allowed and body.get("state") != state:
            wrong.append(
                f"{command} {data}: 409 with the state {body.get('state')}, expected {state}: {body}"
            )
    answer = s.case.client.command("ReceiveReferral", s.case.id, story.data(), dry_run=True)
    if answer.status_code != 409:
        wrong.append(f"ReceiveReferral: one already in use is 409, but {answer.status_code}")
    after = s.case.now()
    if {**after, "as_at": None} != {**before, "as_at": None}:
        wrong.append("the dry runs changed the case")
    assert not wrong, "\n".join(wrong)


def test_the_table_is_whole():
    """every command of a case stands in the table"""
    import contract

    class Nowhere(Case):
        def __init__(self):
            super().__init__(None, new_id())

    tried = {name for name, *_ in tries(Situation(Nowhere(), "referred"))} | {"ReceiveReferral"}
    tried.add("AdoptSettings")  # of no case
    assert tried == set(contract.DOCUMENT["components"]["schemas"]["CommandName"]["enum"])


def test_after_a_death_a_visit_needs_the_reason(story):
    """DeliverVisit: … after cause `died` any date, with the reason SMN-DEATH"""
    s = died(story)
    late = s.case.delivery_data(AFTER_CLOSE)
    refused(s.case.tries("DeliverVisit", late), 422, rule="SMN-DEATH", reasons=["SMN-DEATH"])
    s.case.does("DeliverVisit", s.case.delivery_data(ON_CLOSE))
    s.case.does("DeliverVisit", late, reasons={"SMN-DEATH": "Abschlussgespräch mit den Eltern"})


def test_an_ended_case_is_not_ended_again(story):
    """anything else is 409 with the state"""
    for situation in (completed, discontinued, withdrawn, denied):
        s = situation(story)
        for command, data in (
            ("CompleteCare", {"completed_on": CLOSED, "goal_reached": True}),
            ("DiscontinueCare", {"discontinued_on": CLOSED, "cause": "moved"}),
            ("WithdrawReferral", {"reason": "Familie verzichtet"}),
        ):
            refused(s.case.tries(command, data), 409, state=s.state)


def test_visits_that_are_no_longer_scheduled(story):
    """RescheduleVisit, CancelVisit, MissVisit: the visit is scheduled; CorrectVisit, VoidVisit: the visit
    is delivered"""
    case = story.running()
    ends = {"cancelled": ("CancelVisit", {"reason": "Kind krank"}), "missed": ("MissVisit", {})}
    for state, (command, data) in ends.items():
        case.schedules("2026-03-05")
        visit = case.visit
        case.does(command, {"visit": visit, **data})
        assert case.visit_row(visit)["state"] == state
        for other, more in (
            ("RescheduleVisit", {"starts_at": at("2026-07-13")}),
            *ends.values(),
            ("CorrectVisit", {"minutes": 45, "reason": "Tippfehler"}),
            ("VoidVisit", {"reason": "x"}),
        ):
            refused(case.tries(other, {"visit": visit, **more}), 409, state="running")
        assert case.visit_row(visit)["state"] == state


def test_a_visit_is_delivered_once(story):
    """CorrectVisit, VoidVisit: the visit is delivered (a delivered visit is corrected, not delivered
    again)"""
    case = story.running()
    refused(case.tries("DeliverVisit", {"visit": case.visit, "minutes": 30}), 409)
    refused(case.tries("DeliverVisit", case.delivery_data("2026-03-03", visit=case.visit)), 409)
    refused(case.tries("ScheduleVisit", case.visit_data("2026-07-10", visit=case.visit)), 409)
    assert case.balance()["delivered"] == 60


def test_a_void_is_final(story):
    """A void is final."""
    case = story.running()
    case.does("VoidVisit", {"visit": case.visit, "reason": "doppelt"})
    refused(case.tries("VoidVisit", {"visit": case.visit, "reason": "doppelt"}), 409)
    refused(case.tries("CorrectVisit", {"visit": case.visit, "minutes": 30, "reason": "doch"}), 409)
    refused(case.tries("DeliverVisit", case.delivery_data("2026-03-03", visit=case.visit)), 409)
    refused(case.tries("ScheduleVisit", case.visit_data("2026-07-10", visit=case.visit)), 409)
    assert case.visit_row()["state"] == "voided"


def test_late_paper_reaches_to_the_day_of_the_end(story):
    """DeliverVisit: … on a completed or discontinued case if the visit's date is on or before `closed_on`
    (late paper); the date is Berlin's"""
    for case, state in ((completed(story).case, "completed"), (discontinued(story).case, "discontinued")):
        case.does("DeliverVisit", case.delivery_data(CLOSED, started_at="2026-04-10T21:59:00Z"))
        refused(
            case.tries("DeliverVisit", case.delivery_data(CLOSED, started_at="2026-04-10T22:00:00Z")),
            409,
            state=state,
        )
        now = case.now()
        assert (now["state"], now["last_unit_on"], now["balance"]["delivered"]) == (state, CLOSED, 120)


def test_a_scheduled_visit_is_late_paper_too(story):
    """DeliverVisit: … on a completed or discontinued case if the visit's date is on or before
    `closed_on`"""
    case = story.running()
    case.schedules("2026-03-20")
    visit = case.visit
    case.completes(CLOSED)
    assert case.visit_row(visit)["state"] == "cancelled"
    case.does("DeliverVisit", {"visit": visit, "minutes": 30})
    assert case.visit_row(visit)["state"] == "delivered"
    assert case.state == "completed"


def test_corrections_reach_into_ended_cases(story):
    """CorrectVisit, VoidVisit: the visit is delivered; also on an ended case"""
    for situation in (completed, discontinued, died, denied_while_running):
        s = situation(story)
        s.case.does("CorrectVisit", {"visit": s.delivered, "minutes": 30, "reason": "Tippfehler"})
        assert s.case.balance()["delivered"] == 30
        s.case.does("VoidVisit", {"visit": s.delivered, "reason": "doppelt"})
        assert (s.case.balance()["delivered"], s.case.state) == (0, s.state)


def test_a_decision_reaches_a_case_that_has_ended_since(story):
    """GrantApproval, DenyApproval: an application was made; also when completed or discontinued since"""
    for situation in (completed_undecided, discontinued_undecided):
        s = situation(story)
        s.case.is_approved(decided_on="2026-04-20")
        assert (s.case.state, s.case.balance()["approved"]) == (s.state, 720)
        t = situation(story)
        t.case.is_denied(decided_on="2026-04-20", posted_on="2026-04-20")
        assert t.case.state == t.state


def test_withdrawal_needs_that_no_unit_stands(story):
    """WithdrawReferral: not ended and no unit delivered that was not voided"""
    case = story.running()
    refused(case.tries("WithdrawReferral", {"reason": "Familie verzichtet"}), 409, state="running")
    case.does("VoidVisit", {"visit": case.visit, "reason": "doppelt"})
    case.does("WithdrawReferral", {"reason": "Familie verzichtet"})
    assert case.state == "withdrawn"


def test_a_reopened_case_is_open_to_all_again(story):
    """ReopenCase: completed, discontinued or withdrawn"""
    for situation, state in (
        (completed, "running"),
        (discontinued, "running"),
        (withdrawn, "referred"),
        (died, "running"),
    ):
        s = situation(story)
        s.case.does("ReopenCase", {"reason": "Irrtum"})
        assert s.case.state == state
        s.case.does("AssignCareTeam", {"lead": "m.roth"})
        s.case.does("DeliverVisit", s.case.delivery_data(AFTER_CLOSE))
