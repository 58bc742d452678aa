import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sparkplug import SparkplugHost
from services.ingest.sparkplug.births import learn
from shared.sparkplug import DataType, topic
from shared.sparkplug.sparkplug_b_pb2 import Payload
from tests.unit.ingest.messages import NOW_MS, envelope

D = DataType


def receive(host, kind, seq, **metric):
    payload = Payload(timestamp=NOW_MS, seq=seq)
    payload.metrics.add(**metric)
    (decoded,) = host.receive(envelope(topic("g", kind, "edge"), payload.SerializeToString()))
    return decoded


def text_of(**metric):
    decoded = receive(SparkplugHost(), "NBIRTH", 0, name="m", **metric)
    assert decoded.reason is None
    ((_, text),) = decoded.readings[0].texts
    return text


def reason_of(**metric):
    return receive(SparkplugHost(), "NBIRTH", 0, name="m", **metric).reason


# The examples of the specification, chapter 6.4.16; those of the floats are big-endian there, against its own words.
@pytest.mark.parametrize(
    ("datatype", "raw", "text"),
    [
        (D.INT8_ARRAY, "EF 7B", "[-17,123]"),
        (D.INT16_ARRAY, "D0 8A 30 75", "[-30000,30000]"),
        (D.INT32_ARRAY, "FF FF FF FF FA AF CB 12", "[-1,315338746]"),
        (
            D.INT64_ARRAY,
            "CE 06 72 AC 18 9C BA C4 C4 BA 9C 18 AC 72 06 CE",
            "[-4270929666821191986,-3601064768563266876]",
        ),
        (D.UINT8_ARRAY, "17 FA", "[23,250]"),
        (D.UINT16_ARRAY, "1E 00 88 CC", "[30,52360]"),
        (D.UINT32_ARRAY, "34 00 00 00 49 FB 55 C4", "[52,3293969225]"),
        (D.UINT64_ARRAY, "34 00 00 00 00 00 00 00 D9 9E 02 D1 B2 76 37 E4", "[52,16444743074749521625]"),
        (D.FLOAT_ARRAY, "00 00 C0 3F 00 00 C0 7F", "[1.5,null]"),
        (D.DOUBLE_ARRAY, "8E 17 1C 6F 4C F7 8F 40", "[1022.9123213]"),
        (D.BOOLEAN_ARRAY, "0C 00 00 00 34 D7", "[false,false,true,true,false,true,false,false,true,true,false,true]"),
        (D.BOOLEAN_ARRAY, "00 00 00 00", "[]"),
        (D.STRING_ARRAY, "41 42 43 00 68 65 6c 6c 6f 00", '["ABC","hello"]'),
        (D.STRING_ARRAY, "41 00 42", '["A","B"]'),
        (D.STRING_ARRAY, "00", '[""]'),
        (D.STRING_ARRAY, "", "[]"),
        (D.DATETIME_ARRAY, "C7 D0 90 75 24 01 00 00", "[1256102875335]"),
    ],
)
def test_arrays_are_json_with_all_their_digits(datatype, raw, text):
    assert text_of(datatype=datatype, bytes_value=bytes.fromhex(raw)) == text


@pytest.mark.parametrize(
    ("datatype", "raw", "reason"),
    [
        (D.INT32_ARRAY, b"12345", "5 bytes are no INT32_ARRAY"),
        (D.BOOLEAN_ARRAY, b"123", "3 bytes are no BOOLEAN_ARRAY"),
        (D.BOOLEAN_ARRAY, b"\x09\x00\x00\x00\xff", "5 bytes are no BOOLEAN_ARRAY"),
        (D.STRING_ARRAY, b"\xff\x00", "not UTF-8"),
    ],
)
def test_arrays_that_do_not_fit_their_type_are_refused(datatype, raw, reason):
    assert reason in reason_of(datatype=datatype, bytes_value=raw)


def test_bytes_and_files_are_base64_with_what_is_said_about_them():
    assert text_of(datatype=D.BYTES, bytes_value=b"\x00\xff") == '{"base64":"AP8="}'
    metadata = Payload.MetaData(file_name="recipe.csv", size=3, is_multi_part=False).SerializeToString()
    file = json.loads(text_of(datatype=D.FILE, bytes_value=b"a,b", metadata=metadata))
    assert base64.b64decode(file.pop("base64")) == b"a,b"
    assert file == {"file_name": "recipe.csv", "size": 3, "is_multi_part": False}


def data_set(rows, types=(D.INT32, D.STRING), columns=("n", "s")):
    table = Payload.DataSet(num_of_columns=len(columns), columns=columns, types=types)
    for number, text in rows:
        row = table.rows.add()
        row.elements.add(int_value=number)
        row.elements.add(string_value=text) if text is not None else row.elements.add()
    return table.SerializeToString()


def test_a_data_set_is_its_columns_types_and_rows():
    text = text_of(datatype=D.DATASET, dataset_value=data_set([(2**32 - 1, "a"), (5, None)]))
    assert text == '{"columns":["n","s"],"rows":[[-1,"a"],[5,null]],"types":["INT32","STRING"]}'


@pytest.mark.parametrize("wrong", [{"types": [D.INT32]}, {"columns": ["n"], "types": [D.INT32]}])
def test_a_data_set_that_does_not_fit_together_is_refused(wrong):
    assert "same length" in reason_of(datatype=D.DATASET, dataset_value=data_set([(1, "a")], **wrong))


def test_a_data_set_of_unknown_types_is_refused():
    table = data_set([(1, "a")], types=[D.STRING, D.STRING])
    assert "an integer was sent for STRING" in reason_of(datatype=D.DATASET, dataset_value=table)


def motor(*, definition, datatypes=True, speed=2**32 - 5):
    template = Payload.Template(version="1", is_definition=definition)
    if not definition:
        template.template_ref = "Motor"
    template.metrics.add(name="speed", int_value=speed, datatype=D.INT32 if datatypes else 0)
    inner = Payload.Template(template_ref="Bearing", is_definition=False)
    inner.metrics.add(name="wear", int_value=2**32 - 1, datatype=D.INT32 if datatypes else 0)
    template.metrics.add(
        name="bearing", template_value=inner.SerializeToString(), datatype=D.TEMPLATE if datatypes else 0
    )
    template.metrics.add(name="idle", is_null=True, datatype=D.DOUBLE, timestamp=NOW_MS)
    template.parameters.add(name="maker", type=D.STRING, string_value="ACME")
    template.parameters.add(name="year", type=D.INT16)
    return template.SerializeToString()


BEARING = {
    "definition": False,
    "metrics": [{"name": "wear", "type": "INT32", "value": -1}],
    "template_ref": "Bearing",
}
MOTOR = {
    "definition": False,
    "metrics": [
        {"name": "speed", "type": "INT32", "value": -5},
        {"name": "bearing", "type": "TEMPLATE", "value": BEARING},
        {"name": "idle", "timestamp": NOW_MS, "type": "DOUBLE", "value": None},
    ],
    "parameters": [
        {"name": "maker", "type": "STRING", "value": "ACME"},
        {"name": "year", "type": "INT16", "value": None},
    ],
    "template_ref": "Motor",
    "version": "1",
}


def test_templates_are_stored_definitions_and_instances_alike():
    assert json.loads(text_of(datatype=D.TEMPLATE, template_value=motor(definition=False))) == MOTOR
    definition = {**MOTOR, "definition": True}
    del definition["template_ref"]
    assert json.loads(text_of(datatype=D.TEMPLATE, template_value=motor(definition=True))) == definition


def test_data_that_leave_out_the_types_of_members_are_read_with_those_of_the_birth():
    host = SparkplugHost()
    receive(host, "NBIRTH", 0, name="m", alias=1, datatype=D.TEMPLATE, template_value=motor(definition=False))
    decoded = receive(host, "NDATA", 1, alias=1, template_value=motor(definition=False, datatypes=False))
    ((name, text),) = decoded.readings[0].texts
    assert (name, json.loads(text)) == ("m", MOTOR)


def test_a_member_whose_type_nobody_told_is_refused():
    refused = reason_of(datatype=D.TEMPLATE, template_value=motor(definition=False, datatypes=False))
    assert refused == "m: an integer without its data type: the birth that names it is unknown"


def test_the_text_is_canonical():
    text = text_of(datatype=D.TEMPLATE, template_value=motor(definition=False))
    assert text == json.dumps(MOTOR, sort_keys=True, separators=(",", ":"))


def nested(depth):
    template = Payload.Template(is_definition=False, template_ref="T")
    if depth:
        template.metrics.add(name="t", datatype=D.TEMPLATE, template_value=nested(depth - 1))
    return template.SerializeToString()


def test_templates_may_be_nested_but_not_without_end():
    assert "deep" in reason_of(datatype=D.TEMPLATE, template_value=nested(40))
    assert text_of(datatype=D.TEMPLATE, template_value=nested(10)).count("template_ref") == 11


@pytest.mark.parametrize(
    "metric",
    [
        {"datatype": D.BYTES, "bytes_value": bytes(60_000)},
        {"datatype": D.BYTES, "bytes_value": bytes(1_000_000)},
        {"datatype": D.BOOLEAN_ARRAY, "bytes_value": (100_000).to_bytes(4, "little") + bytes(12_500)},
        {"datatype": D.TEMPLATE, "template_value": b"\x12\x00" * 2_000},
    ],
)
def test_more_than_64_kib_of_text_is_refused_by_name(metric):
    refused = reason_of(**metric)
    assert refused.startswith("m: ")
    assert refused.endswith("are more than a value may have, which is 64 KiB of text")


@pytest.mark.parametrize("datatype", [D.DATASET, D.TEMPLATE, D.BYTES, D.INT8_ARRAY])
def test_a_value_in_the_wrong_field_is_refused(datatype):
    assert reason_of(datatype=datatype, double_value=1.0) == f"m: double_value was sent for {datatype.name}"
    assert reason_of(datatype=datatype) == f"m: nothing was sent for {datatype.name}"


def test_what_is_no_value_of_many_parts_is_none_in_text():
    decoded = receive(SparkplugHost(), "NBIRTH", 0, name="m", datatype=D.DATASET, is_null=True)
    assert decoded.readings[0].texts == (("m", None),)


@given(
    st.sampled_from([(t, "bytes_value") for t in DataType if t > 19] + [(D.FILE, "bytes_value")])
    | st.sampled_from([(D.TEMPLATE, "template_value"), (D.DATASET, "dataset_value")]),
    st.binary(max_size=60),
)
def test_any_bytes_end_as_json_or_as_a_reason(carried, raw):
    datatype, field = carried
    decoded = receive(SparkplugHost(), "NBIRTH", 0, name="m", datatype=datatype, metadata=raw, **{field: raw})
    if decoded.reason is None:
        json.loads(decoded.readings[0].texts[0][1])


def test_a_birth_remembers_only_so_much_of_its_templates():
    members = Payload.Template(is_definition=False)
    for number in range(8_000):
        members.metrics.add(name=f"m{number}", datatype=D.INT32)
    birth = Payload(timestamp=NOW_MS)
    for number in range(20):
        birth.metrics.add(name=f"t{number}", datatype=D.TEMPLATE, template_value=members.SerializeToString())
    remembered = [known for known in learn(birth).by_name.values() if known.members]
    assert 0 < len(remembered) < 10
