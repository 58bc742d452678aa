from tests.mosquitto import broker

__all__ = ["broker"]
