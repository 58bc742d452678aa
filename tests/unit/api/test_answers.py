"""ETags, If-Match, and the examples of the OpenAPI document."""

import pytest
from pydantic import BaseModel
from starlette.requests import Request

from services.api import examples, examples_accounts, examples_value
from services.api.answers import answer, required_versions
from services.api.bodies.accounts import AccountFinding, AccountFindings, PlayScore
from services.api.bodies.alerts import Alert, AlertWithActions
from services.api.bodies.assets import AssetDetail
from services.api.bodies.changes import ChangePage
from services.api.bodies.customers import AssetInList, Customer, CustomerDetail, HealthChange, HealthOfDay
from services.api.bodies.lists import ListOf
from services.api.bodies.portfolio import Portfolio
from services.api.bodies.reviews import Review
from services.api.bodies.value import CustomerValue
from services.api.examples_portfolio import PORTFOLIO
from services.api.examples_reviews import REVIEW
from services.api.problems import PreconditionRequiredError

TAIL = "0123456789abcdef0123"


class Body(BaseModel):
    number: int


def request(if_none_match: str | None = None, method: str = "GET") -> Request:
    headers = [] if if_none_match is None else [(b"if-none-match", if_none_match.encode())]
    return Request({"type": "http", "method": method, "headers": headers})


def test_the_etag_is_of_exactly_the_body():
    one, same, other = (answer(request(), Body(number=number)).headers["etag"] for number in (1, 1, 2))
    assert one == same != other
    assert answer(request(), Body(number=1), version=4).headers["etag"] == f'"4-{one[1:]}'


@pytest.mark.parametrize(("sent", "status"), [("{}", 304), ("W/{}", 304), ('"a", {}', 304), ("*", 304), ('"a"', 200)])
def test_who_has_the_answer_already_gets_304(sent, status):
    etag = answer(request(), Body(number=1)).headers["etag"]
    again = answer(request(sent.format(etag)), Body(number=1))
    assert (again.status_code, again.headers["etag"]) == (status, etag)
    assert again.body == (b"" if status == 304 else b'{"number":1}')


def test_an_action_is_answered_whole_whatever_the_caller_has():
    assert answer(request("*", method="POST"), Body(number=1)).status_code == 200


@pytest.mark.parametrize(
    ("if_match", "versions"),
    [
        ("*", None),
        (f'"4-{TAIL}"', {4}),
        (f'"4-{TAIL}", "7-{TAIL}"', {4, 7}),
        (f'W/"4-{TAIL}"', set()),
        ('"4"', set()),
        ("4", set()),
        ("", set()),
    ],
)
def test_if_match_names_versions(if_match, versions):
    assert required_versions(if_match) == versions


def test_without_if_match_nothing_is_done():
    with pytest.raises(PreconditionRequiredError):
        required_versions(None)


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (Alert, examples.ALERT),
        (AlertWithActions, examples.ALERT_WITH_ACTIONS),
        (ListOf[Alert], examples.ALERTS),
        (ListOf[Customer], examples.CUSTOMERS),
        (ListOf[HealthOfDay], examples.HEALTH),
        (HealthChange, examples.HEALTH_CHANGE),
        (ListOf[AssetInList], examples.ASSETS),
        (CustomerDetail, examples.CUSTOMER),
        (AccountFindings, examples_accounts.ACCOUNT),
        (Portfolio, PORTFOLIO),
        (Review, REVIEW),
        (AccountFinding, examples_accounts.BACKS),
        (AccountFinding, examples_accounts.COMPETITIVE),
        (AccountFinding, examples_accounts.NEXT_IMPROVEMENT),
        (ListOf[PlayScore], examples_accounts.PLAYS),
        (AssetDetail, examples.ASSET),
        (ChangePage, examples.CHANGES),
        (CustomerValue, examples_value.VALUE),
    ],
)
def test_examples_are_what_the_api_could_have_answered(model, example):
    assert model.model_validate(example).model_dump(mode="json") == example
