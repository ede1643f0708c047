"""Topics by small numbers. There are few (one per event of each EventSource), so all are kept in memory."""

from __future__ import annotations

import apsw

from events.sqlite.transaction import Transaction
from events.topic import Topic

_SELECT = "SELECT id, namespace, event_bus, event_source, event_name FROM topic"


class TopicNumbers:
    """The writer's side: gives a new topic the next number."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._numbers = {topic: number for number, topic in read_topics(transaction.connection).items()}
        self._fresh: list[Topic] = []

    def number(self, topic: Topic) -> int:
        """Its number; the row of a new one is part of the running transaction."""
        number = self._numbers.get(topic)
        if number is None:
            number = len(self._numbers) + 1
            self._transaction.execute("INSERT INTO topic VALUES (?, ?, ?, ?, ?)", (number, *topic))
            self._numbers[topic] = number
            self._fresh.append(topic)
        return number

    def committed(self) -> None:
        self._fresh.clear()

    def rolled_back(self) -> None:
        for topic in self._fresh:
            del self._numbers[topic]
        self._fresh.clear()


class TopicNames:
    """The readers' side: reads the table again when it meets a number that it does not know."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._topics: dict[int, Topic] = {}

    def topic(self, number: int) -> Topic:
        if number not in self._topics:
            self._topics = read_topics(self._connection)
        return self._topics[number]

    def all(self) -> dict[int, Topic]:
        self._topics = read_topics(self._connection)
        return self._topics


def read_topics(connection: apsw.Connection) -> dict[int, Topic]:
    return {row[0]: Topic(*row[1:]) for row in connection.execute(_SELECT)}
