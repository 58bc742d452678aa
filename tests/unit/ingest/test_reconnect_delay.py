from services.ingest.mqtt.reconnect_delay import ReconnectDelay


def test_a_connection_that_lasted_is_made_again_at_once():
    giving_way = ReconnectDelay()
    assert [giving_way.wait_s(lasted_s=31.0, taken_over=False) for _ in range(9)] == [1] * 9
    assert not giving_way.contested


def test_connections_that_do_not_last_are_made_again_later_and_later_and_suspected_from_the_fifth_on():
    giving_way = ReconnectDelay()
    waits = [(giving_way.wait_s(lasted_s=0.5, taken_over=False), giving_way.contested) for _ in range(6)]
    assert waits == [(1, False), (2, False), (4, False), (8, False), (15, True), (15, True)]


def test_whoever_is_pushed_out_stays_away_a_minute_and_twice_as_long_the_next_time():
    giving_way = ReconnectDelay()
    waits = [(giving_way.wait_s(lasted_s=100.0, taken_over=True), giving_way.contested) for _ in range(5)]
    assert waits == [(60, True), (120, True), (240, True), (480, True), (600, True)]


def test_one_loss_after_a_long_connection_ends_the_contest():
    giving_way = ReconnectDelay()
    giving_way.wait_s(lasted_s=0.0, taken_over=True)
    assert giving_way.wait_s(lasted_s=40.0, taken_over=False) == 1
    assert not giving_way.contested
    assert giving_way.wait_s(lasted_s=0.0, taken_over=True) == 60
