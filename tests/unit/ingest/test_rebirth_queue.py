import tracemalloc

from services.ingest.sparkplug.rebirth_queue import RebirthQueue

NODES = [("g", f"e{number}") for number in range(100)]


def begun(nodes=NODES, at_s=0.0):
    call = RebirthQueue()
    call.begin(at_s)
    call.know(nodes)
    return call


def test_nobody_is_called_before_it_begins():
    assert RebirthQueue().due(1e9) == []


def test_nodes_are_called_once_each_and_twenty_a_second_from_two_seconds_on():
    call = begun()
    assert call.due(1.9) == []
    times = {second: call.due(2.0 + second) for second in range(6)}
    assert [len(called) for called in times.values()] == [1, 20, 20, 20, 20, 19]
    assert [node for called in times.values() for node in called] == NODES


def test_who_spoke_meanwhile_is_left_to_the_decoder():
    call = RebirthQueue()
    call.begin(0.0)
    call.hear("spBv1.0/g/DDATA/e1/pump")
    call.know(NODES[:3])
    call.hear("spBv1.0/g/NDATA/e2")
    assert call.due(10.0) == [("g", "e0")]


def test_a_new_beginning_forgets_the_last():
    call = begun()
    call.hear("spBv1.0/g/NDATA/e0")
    call.begin(100.0)
    assert call.wanted
    assert call.due(200.0) == []
    call.know(NODES[:1])
    assert not call.wanted
    assert call.due(200.0) == NODES[:1]


def test_a_long_pause_does_not_let_all_be_called_at_once():
    call = begun()
    assert len(call.due(1000.0)) <= 21


def test_names_that_somebody_invents_meanwhile_fill_no_memory():
    call = RebirthQueue()
    call.begin(0.0)
    tracemalloc.start()
    for number in range(30_000):
        call.hear(f"spBv1.0/g/NDATA/{number:0100}")
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 4_000_000
    call.know(NODES[:1])
    assert call.due(10.0) == NODES[:1]


def test_who_answers_nothing_is_asked_three_times_and_then_given_up_once():
    call = begun(NODES[:1])
    asked_at = [second for second in range(100) if call.due(float(second))]
    assert asked_at == [2, 22, 42]
    assert call.given_up() == NODES[:1]
    assert call.given_up() == []


def test_who_answers_in_the_end_is_not_given_up_and_a_command_to_it_is_no_answer():
    call = begun(NODES[:2])
    for second in range(50):
        call.due(float(second))
        call.hear("spBv1.0/g/NCMD/e0")
        call.hear("spBv1.0/g/NCMD/e1")
    call.hear("spBv1.0/g/NBIRTH/e1")
    call.due(100.0)
    assert call.given_up() == NODES[:1]


def test_a_new_beginning_gives_up_nobody_of_the_last():
    call = begun(NODES[:1])
    for second in range(100):
        call.due(float(second))
    call.begin(100.0)
    call.due(200.0)
    assert call.given_up() == []
