"""What a wrong line of a CSV file is told: one row, one exact sentence."""

import pytest

from shared.records import kinds
from shared.records.rows import Parsed, RecordKind, parse_csv

KINDS = {kind.file: kind for kind in vars(kinds).values() if isinstance(kind, RecordKind)}

# A right row of each file, to go wrong in one place.
RIGHT = {
    "customers.csv": {"id": "C", "name": "Dairy"},
    "contracts.csv": {"id": "K", "customer": "C", "starts_on": "2024-01-01"},
    "sites.csv": {"id": "S", "customer": "C", "name": "Plant", "timezone": "Europe/Berlin"},
    "shifts.csv": {"id": "H", "site": "S", "weekdays": "mon-fri", "starts_at": "06:00", "ends_at": "14:00"},
    "planned_stops.csv": {
        "id": "P",
        "site": "S",
        "starts_at": "2024-05-01T06:00:00Z",
        "ends_at": "2024-05-02T06:00:00Z",
    },
    "economics.csv": {"id": "E", "site": "S", "line_of_business": "milk", "currency": "EUR", "basis": "agreed"},
    "lines.csv": {"id": "L", "site": "S", "name": "Line"},
    "assets.csv": {"id": "A", "asset_type": "pump", "name": "Pump", "site": "S"},
    "placements.csv": {"asset": "A", "valid_from": "2024-05-01", "site": "S"},
    "owners.csv": {"id": "O", "customer": "C", "role": "service_manager", "person": "Service"},
    "objectives.csv": {"id": "B", "customer": "C", "kpi": "oee", "target": "0.8"},
    "entitlements.csv": {"id": "N", "customer": "C", "capability": "boost", "starts_on": "2024-01-01"},
    "sources.csv": {"topic_prefix": "plant/a", "site": "S"},
    "bindings.csv": {"topic_prefix": "plant/a", "device": "pump1", "asset": "A"},
    "events.csv": {
        "id": "V",
        "scope_type": "asset",
        "scope": "A",
        "at": "2024-05-01T06:00:00+02:00",
        "kind": "failure",
    },
}


def written(file: str, *changes: dict[str, str]) -> str:
    columns = list(RIGHT[file] | {name: "" for change in changes for name in change})
    lines = [",".join(columns)]
    for change in changes:
        cells = RIGHT[file] | change
        lines.append(",".join('"' + cells.get(name, "").replace('"', '""') + '"' for name in columns))
    return "\n".join(lines) + "\n"


def parsed(file: str, content: str) -> Parsed:
    return parse_csv(KINDS[file], file, content)


def errors(file: str, content: str) -> list[str]:
    return [str(error) for error in parsed(file, content).errors]


@pytest.mark.parametrize("file", RIGHT)
def test_the_right_row_of_each_file_is_right(file: str) -> None:
    found = parsed(file, written(file, {}))
    assert found.errors == []
    assert len(found.rows) == 1
    assert found.rows[0].line == 2


DIGITS = "write digits with a decimal point and no separators of thousands, for example 12500.50"
MOMENT = "write for example 2024-05-31T06:00:00Z"


@pytest.mark.parametrize(
    ("file", "change", "error"),
    [
        ("customers.csv", {"name": ""}, "name is empty; every customer needs a name"),
        ("customers.csv", {"name": "a\0b"}, "name: there is a zero byte in the text; remove it"),
        (
            "customers.csv",
            {"data_use": "benchmarking;Resale"},
            "data_use: 'Resale' is not a plain word; write lower-case letters, digits and _",
        ),
        ("customers.csv", {"data_use": "a;a"}, "data_use: 'a' stands there twice; write it once"),
        (
            "contracts.csv",
            {"starts_on": "01.02.2024"},
            "starts_on: '01.02.2024' is not a date; write YYYY-MM-DD, for example 2024-05-31",
        ),
        (
            "contracts.csv",
            {"starts_on": "2024-02-30"},
            "starts_on: '2024-02-30' is not a date; write YYYY-MM-DD, for example 2024-05-31",
        ),
        (
            "contracts.csv",
            {"starts_on": "0202-01-01"},
            "starts_on: the year of '0202-01-01' cannot be meant; write a date from 1900 to 2199",
        ),
        (
            "contracts.csv",
            {"ends_on": "2023-12-31"},
            "ends_on 2023-12-31 is before starts_on 2024-01-01; correct starts_on or ends_on",
        ),
        (
            "contracts.csv",
            {"annual_value": "1.000,50", "currency": "EUR"},
            f"annual_value: '1.000,50' is not a number; {DIGITS}",
        ),
        (
            "contracts.csv",
            {"annual_value": "NaN", "currency": "EUR"},
            "annual_value: 'NaN' is not a finite number; leave the field empty where it is unknown",
        ),
        (
            "contracts.csv",
            {"annual_value": "-5", "currency": "EUR"},
            "annual_value: -5 is negative; write an amount of at least 0",
        ),
        (
            "contracts.csv",
            {"annual_value": "10.005", "currency": "EUR"},
            "annual_value: 10.005 has more than 2 decimals; write 10.00",
        ),
        (
            "contracts.csv",
            {"annual_value": "1e20", "currency": "EUR"},
            "annual_value: 1e20 is too large to be meant; write the amount in whole currency units",
        ),
        (
            "contracts.csv",
            {"annual_value": "10"},
            "annual_value without currency; write the currency that belongs to it",
        ),
        ("contracts.csv", {"currency": "eur"}, "currency: unknown currency 'eur'; write EUR"),
        (
            "contracts.csv",
            {"currency": "EURO"},
            "currency: unknown currency 'EURO'; write an ISO 4217 code such as EUR",
        ),
        (
            "contracts.csv",
            {"guaranteed_availability": "97.5", "guarantee_window_days": "90"},
            "guaranteed_availability: 97.5 is out of range; write a share from 0 to 1: 97.5 % is 0.975",
        ),
        (
            "contracts.csv",
            {"guaranteed_availability": "0.97"},
            "guaranteed_availability without guarantee_window_days; write the guarantee_window_days that belongs to it",
        ),
        (
            "contracts.csv",
            {"guaranteed_availability": "0.97", "guarantee_window_days": "30.5"},
            "guarantee_window_days: 30.5 is not a whole number; write one from 1 to 3660",
        ),
        (
            "contracts.csv",
            {"guaranteed_availability": "0.97", "guarantee_window_days": "0"},
            "guarantee_window_days: 0 is out of range; write a whole number from 1 to 3660",
        ),
        (
            "contracts.csv",
            {"guarantee_exclusions": "custmer"},
            "guarantee_exclusions: unknown exclusion 'custmer'; did you mean 'customer'?",
        ),
        (
            "sites.csv",
            {"timezone": "Europe/Berln"},
            "timezone: unknown time zone 'Europe/Berln'; did you mean 'Europe/Berlin'?",
        ),
        ("sites.csv", {"timezone": "+2"}, "timezone: unknown time zone '+2'; write an IANA name such as Europe/Berlin"),
        (
            "shifts.csv",
            {"weekdays": "monday"},
            "weekdays: unknown weekday 'monday'; write for example mon-fri or mon;wed;sat",
        ),
        ("shifts.csv", {"weekdays": "mon-"}, "weekdays: unknown weekday ''; write for example mon-fri or mon;wed;sat"),
        (
            "shifts.csv",
            {"starts_at": "6:00"},
            "starts_at: '6:00' is not a time of day; write HH:MM from 00:00 to 23:59",
        ),
        ("shifts.csv", {"ends_at": "24:00"}, "ends_at: '24:00' is not a time of day; write HH:MM from 00:00 to 23:59"),
        (
            "planned_stops.csv",
            {"starts_at": "2024-05-01T06:00:00"},
            "starts_at: '2024-05-01T06:00:00' has no offset from UTC;"
            " write 2024-05-01T06:00:00Z for UTC or 2024-05-01T06:00:00+02:00",
        ),
        ("planned_stops.csv", {"starts_at": "2024-05-01"}, f"starts_at: '2024-05-01' is not a moment; {MOMENT}"),
        (
            "planned_stops.csv",
            {"starts_at": "2024-05-01T25:00:00Z"},
            f"starts_at: '2024-05-01T25:00:00Z' is not a moment; {MOMENT}",
        ),
        (
            "planned_stops.csv",
            {"ends_at": "2024-05-01T08:00:00+02:00"},
            "ends_at 2024-05-01 06:00:00+00:00 is not after starts_at 2024-05-01 06:00:00+00:00;"
            " correct starts_at or ends_at",
        ),
        ("economics.csv", {"basis": "guess"}, "basis: unknown basis 'guess'; write one of assumed, supplier, agreed"),
        (
            "economics.csv",
            {"margin_per_good_unit": "0.00425"},
            "margin_per_good_unit: 0.00425 has more than 4 decimals; write 0.0042",
        ),
        (
            "placements.csv",
            {"valid_from": ""},
            "valid_from is empty; write the day of the move; the first place stands in assets.csv",
        ),
        (
            "owners.csv",
            {"role": "service manager"},
            "role: unknown role 'service manager'; did you mean 'service_manager'?",
        ),
        (
            "owners.csv",
            {"email": "service"},
            "email: 'service' is not an e-mail address; write name@example.com or leave it empty",
        ),
        (
            "objectives.csv",
            {"kpi": "OEE"},
            "kpi: unknown kpi 'OEE'; did you mean 'oee'?",
        ),
        (
            "objectives.csv",
            {"target": "inf"},
            "target: 'inf' is not a finite number; leave the field empty where it is unknown",
        ),
        (
            "objectives.csv",
            {"target": "1e400"},
            "target: 1e400 is too large; write a number that a 64-bit float can hold",
        ),
        ("entitlements.csv", {"annual_fee": "5"}, "annual_fee without currency; write the currency that belongs to it"),
        (
            "sources.csv",
            {"topic_prefix": "plant/#"},
            "topic_prefix: 'plant/#' contains a wildcard; write the literal beginning of the source's topics",
        ),
        (
            "sources.csv",
            {"topic_prefix": "plant/"},
            "topic_prefix: 'plant/' has an empty level; write levels between single slashes, without one at the end",
        ),
        (
            "sources.csv",
            {"topic_prefix": "$share/plant"},
            "topic_prefix: '$share/plant' is not one source's; write the literal beginning of the source's topics",
        ),
        (
            "sources.csv",
            {"topic_prefix": "spBv1.0/group"},
            "topic_prefix: 'spBv1.0/group' is not spBv1.0/{group}/{edge}; write spBv1.0/{group}/{edge}",
        ),
        (
            "sources.csv",
            {"topic_prefix": "plant\nuser evil"},
            "topic_prefix: 'plant\\nuser evil' has a character that cannot be printed or an outer space; remove it",
        ),
        (
            "sources.csv",
            {"credential": "plant:secret"},
            "credential: 'plant:secret' has a colon; write the user name alone, without the password",
        ),
        (
            "events.csv",
            {"kind": "falure"},
            "kind: unknown kind 'falure'; did you mean 'failure'?",
        ),
        (
            "events.csv",
            {"scope_type": "machine"},
            "scope_type: unknown scope_type 'machine'; write one of customer, site, line, asset",
        ),
        (
            "events.csv",
            {"attributes": '{"cause": "suplier"}'},
            "attributes: unknown cause 'suplier'; did you mean 'supplier'?",
        ),
    ],
)
def test_a_wrong_field_is_told_with_its_line_and_what_to_write(file: str, change: dict[str, str], error: str) -> None:
    assert errors(file, written(file, change)) == [f"{file}:2: {error}"]


@pytest.mark.parametrize(
    ("kind", "attributes", "error"),
    [
        ("improvement", '{"id": "I", "title": "t"}', "improvement without status; write its status"),
        ("baseline", '{"availability": 95}', "availability: 95 is out of range; write a share from 0 to 1"),
        ("order", '{"quantity": -4}', "quantity: -4 is out of range; write units, of at least 0"),
        (
            "improvement",
            '{"id": "I", "status": "acepted", "title": "t"}',
            "status: unknown status 'acepted'; did you mean 'accepted'?",
        ),
        (
            "improvement",
            '{"id": "I", "status": "proposed", "title": "t", "expected_money": 9000}',
            "expected_money without currency; write the currency that belongs to it",
        ),
        (
            "improvement",
            '{"id": "I", "status": "proposed", "title": "t", "expected_hours": true}',
            "expected_hours is neither text nor a number; write expected_hours as one value",
        ),
        ("capability_adopted", "{}", "capability_adopted without capability; write its capability"),
        ("milestone", '{"name": "first_data"}', "milestone without due_on; write its due_on"),
        ("work_order", '{"paid_by": "us"}', "paid_by: unknown payer 'us'; write one of customer, supplier"),
        (
            "retrofit",
            '{"support_ends_on": "soon"}',
            "support_ends_on: 'soon' is not a date; write YYYY-MM-DD, for example 2024-05-31",
        ),
        ("touchpoint", '{"cost": 80}', "cost without currency; write the currency that belongs to it"),
    ],
)
def test_what_a_kind_of_event_asks_of_its_attributes_is_told(kind: str, attributes: str, error: str) -> None:
    assert errors("events.csv", written("events.csv", {"kind": kind, "attributes": attributes})) == [
        f"events.csv:2: attributes: {error}"
    ]


def test_attributes_that_nobody_asks_for_are_kept() -> None:
    content = written("events.csv", {"kind": "training", "attributes": '{"topic": "changeover", "people": 12}'})
    assert parsed("events.csv", content).rows[0].values["attributes"] == {"topic": "changeover", "people": 12}


@pytest.mark.parametrize(
    "attributes", ["[1]", "{", '{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}', '{"a": "\\u0000"}', "[" * 100_000]
)
def test_attributes_that_no_database_holds_are_refused(attributes: str) -> None:
    (error,) = errors("events.csv", written("events.csv", {"attributes": attributes}))
    assert error.startswith("events.csv:2: attributes: ")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", "customers.csv:1: the file is empty; write a header line: id,name,segment,data_use"),
        ("id,name,segmnt\n", "customers.csv:1: unknown column 'segmnt'; did you mean 'segment'?"),
        (
            "id,name,colour\n",
            "customers.csv:1: unknown column 'colour'; the columns are id, name, segment, data_use",
        ),
        ("id,name,name\n", "customers.csv:1: column 'name' stands there twice; keep one of them"),
        ("id\n", "customers.csv:1: column 'name' is missing; every customer needs a name; add the column"),
        ("id;name\n", "customers.csv:1: the columns are not separated by commas; save the file as CSV with commas"),
        (
            "id,name\nC,Dairies, Inc.\n",
            'customers.csv:2: 3 fields where the header has 2; quote a field that contains a comma: "a, b"',
        ),
        ("id,name\nC\n", "customers.csv:2: 1 field where the header has 2; leave a field empty between commas"),
        (
            'id,name\nC,"open\n',
            'customers.csv:2: not valid CSV (unexpected end of data); double every " inside a quoted field',
        ),
        (
            "id,name\nC,One\n\nC,Two\n",
            "customers.csv:4: id 'C' stands in line 2 already; keep one row for each id",
        ),
    ],
)
def test_a_file_of_the_wrong_shape_is_told_so(content: str, error: str) -> None:
    assert errors("customers.csv", content) == [error]


def test_all_errors_of_a_file_come_at_once_in_the_order_of_lines() -> None:
    content = 'id,name,data_use\n"C\n1",,X\nC2,Two\nC3,,\n'
    assert errors("customers.csv", content) == [
        "customers.csv:2: name is empty; every customer needs a name",
        "customers.csv:2: data_use: 'X' is not a plain word; write lower-case letters, digits and _",
        "customers.csv:4: 2 fields where the header has 3; leave a field empty between commas",
        "customers.csv:5: name is empty; every customer needs a name",
    ]


def test_a_version_of_a_contract_for_another_customer_is_refused() -> None:
    content = written("contracts.csv", {}, {"valid_from": "2025-01-01", "customer": "D"})
    assert errors("contracts.csv", content) == [
        "contracts.csv:3: 'K' has customer 'D' here and 'C' in line 2;"
        " versions of one id belong together; use another id"
    ]


def test_the_same_version_of_a_contract_twice_is_refused() -> None:
    twice = {"valid_from": "2025-01-01"}
    assert errors("contracts.csv", written("contracts.csv", twice, twice)) == [
        "contracts.csv:3: id 'K', valid_from '2025-01-01' stands in line 2 already;"
        " keep one row for each id and valid_from"
    ]


def test_economics_said_under_two_ids_are_refused() -> None:
    assert errors("economics.csv", written("economics.csv", {}, {"id": "E2"})) == [
        "economics.csv:3: the economics of this site and line of business stand in line 2 already, as 'E';"
        " keep one, or give the later one a later valid_from"
    ]
    assert errors("economics.csv", written("economics.csv", {}, {"id": "E2", "valid_from": "2025-01-01"})) == []


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"starts_at": "13:45", "ends_at": "22:00"}, False),
        ({"starts_at": "08:00", "ends_at": "12:00"}, True),
        ({"starts_at": "08:00", "ends_at": "12:00", "weekdays": "sat"}, False),
        ({"starts_at": "08:00", "ends_at": "12:00", "weekdays": "tue", "valid_from": "2025-01-01"}, True),
        ({"starts_at": "22:00", "ends_at": "06:00"}, False),
        ({"starts_at": "08:00", "ends_at": "12:00", "site": "S2"}, False),
    ],
)
def test_shifts_may_hand_over_but_not_contain_each_other(change: dict[str, str], refused: bool) -> None:
    expected = [
        "shifts.csv:3: shift 'H2' lies within shift 'H' of line 2; remove one, or correct its weekdays and times"
    ]
    assert errors("shifts.csv", written("shifts.csv", {}, {"id": "H2"} | change)) == (expected if refused else [])


def test_a_shift_within_an_older_version_that_no_longer_holds_is_fine() -> None:
    content = written(
        "shifts.csv",
        {},
        {"valid_from": "2025-01-01", "starts_at": "14:00", "ends_at": "22:00"},
        {"id": "H2", "valid_from": "2025-01-01", "starts_at": "06:00", "ends_at": "12:00"},
    )
    assert errors("shifts.csv", content) == []


@pytest.mark.parametrize(
    ("text", "days"),
    [("mon-fri", [0, 1, 2, 3, 4]), ("sat-mon", [0, 5, 6]), ("mon;WED;fri-sat", [0, 2, 4, 5]), ("sun", [6])],
)
def test_weekdays_are_ranges_and_lists(text: str, days: list[int]) -> None:
    assert parsed("shifts.csv", written("shifts.csv", {"weekdays": text})).rows[0].values["weekdays"] == days


def test_moments_are_stored_in_utc_and_an_empty_valid_from_means_always() -> None:
    event = parsed("events.csv", written("events.csv", {})).rows[0].values
    assert event["at"].isoformat() == "2024-05-01T04:00:00+00:00"
    binding = parsed("bindings.csv", written("bindings.csv", {})).rows[0].values
    assert binding["valid_from"].isoformat() == "0001-01-01T00:00:00+00:00"
    moved = parsed("bindings.csv", written("bindings.csv", {"valid_from": "2024-09-01"})).rows[0].values
    assert moved["valid_from"].isoformat() == "2024-09-01T00:00:00+00:00"


def test_a_spreadsheet_s_carriage_returns_and_blank_lines_are_fine() -> None:
    found = parsed("customers.csv", "id,name\r\nC,Dairy\r\n,\r\n\r\n")
    assert [(row.line, row.values["name"]) for row in found.rows] == [(2, "Dairy")]
