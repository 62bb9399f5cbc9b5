"""Requests about the account: updates, summary, positions, profit and loss."""

from __future__ import annotations

from hedgerow.ibsim.codes import validating
from hedgerow.ibsim.messages import build, replies, requests
from hedgerow.ibsim.messages.ids import Request
from hedgerow.ibsim.messages.layout import Layout, whole
from hedgerow.ibsim.requests.handler import Fields, Handler
from hedgerow.ibsim.session import Session

_NO_FIELDS = Layout("id")


def _check_account(session: Session, account: str) -> None:
    if account not in ("", session.simulation.hub.account):
        raise validating("Invalid account code")


def _account_updates(session: Session, fields: Fields) -> None:
    _check_account(session, fields["account"])
    session.follows_account = fields["subscribe"] == "1"
    if not session.follows_account:
        return
    simulation = session.simulation
    simulation.hub.send_account_values(session, simulation.accounts.values(), simulation.time.now())
    simulation.hub.send_portfolio(session)
    session.send(replies.ACCOUNT_DOWNLOAD_END.encode(session.version, {"account": simulation.hub.account}))


def _account_summary(session: Session, fields: Fields) -> None:
    tags = frozenset(tag.strip() for tag in fields["tags"].split(",") if tag.strip())
    session.summaries[fields["reqId"]] = tags
    simulation = session.simulation
    simulation.hub.send_summary(session, fields["reqId"], tags, simulation.accounts.values())
    session.send(replies.ACCOUNT_SUMMARY_END.encode(session.version, {"reqId": fields["reqId"]}))


def _cancel_account_summary(session: Session, fields: Fields) -> None:
    session.summaries.pop(fields["reqId"], None)


def _account_multi(session: Session, fields: Fields) -> None:
    _check_account(session, fields["account"])
    session.account_multis.add(fields["reqId"])
    simulation = session.simulation
    simulation.hub.send_multi(session, fields["reqId"], simulation.accounts.values())
    session.send(replies.ACCOUNT_UPDATE_MULTI_END.encode(session.version, {"reqId": fields["reqId"]}))


def _cancel_account_multi(session: Session, fields: Fields) -> None:
    session.account_multis.discard(fields["reqId"])


def _positions(session: Session, _: Fields) -> None:
    session.follows_positions = True
    simulation = session.simulation
    for holding in simulation.accounts.holdings():
        session.send(build.position(session.version, holding, simulation.hub.account))
    session.send(replies.POSITIONS_END.encode(session.version, {}))


def _cancel_positions(session: Session, _: Fields) -> None:
    session.follows_positions = False


def _pnl(session: Session, fields: Fields) -> None:
    _check_account(session, fields["account"])
    _follow_pnl(session, fields["reqId"], "")


def _pnl_single(session: Session, fields: Fields) -> None:
    _check_account(session, fields["account"])
    listing = session.simulation.universe.by_con_id.get(whole(fields["conId"], "conId"))
    if listing is None or listing.instrument_id not in session.simulation.book.positions:
        raise validating("No position in that contract")
    _follow_pnl(session, fields["reqId"], listing.instrument_id)


def _follow_pnl(session: Session, req_id: str, instrument_id: str) -> None:
    session.pnls[req_id] = instrument_id
    simulation = session.simulation
    simulation.hub.send_pnl(session, req_id, instrument_id, simulation.accounts.values())


def _cancel_pnl(session: Session, fields: Fields) -> None:
    session.pnls.pop(fields["reqId"], None)


HANDLERS = {
    Request.ACCOUNT_UPDATES: Handler(requests.ACCOUNT_UPDATES, _account_updates),
    Request.ACCOUNT_SUMMARY: Handler(requests.ACCOUNT_SUMMARY, _account_summary, "reqId"),
    Request.CANCEL_ACCOUNT_SUMMARY: Handler(requests.CANCEL_BY_ID, _cancel_account_summary),
    Request.ACCOUNT_UPDATES_MULTI: Handler(requests.ACCOUNT_UPDATES_MULTI, _account_multi, "reqId"),
    Request.CANCEL_ACCOUNT_UPDATES_MULTI: Handler(requests.CANCEL_BY_ID, _cancel_account_multi),
    Request.POSITIONS: Handler(_NO_FIELDS, _positions),
    Request.CANCEL_POSITIONS: Handler(_NO_FIELDS, _cancel_positions),
    Request.PNL: Handler(requests.PNL, _pnl, "reqId"),
    Request.CANCEL_PNL: Handler(requests.CANCEL_PNL, _cancel_pnl),
    Request.PNL_SINGLE: Handler(requests.PNL_SINGLE, _pnl_single, "reqId"),
    Request.CANCEL_PNL_SINGLE: Handler(requests.CANCEL_PNL, _cancel_pnl),
}
