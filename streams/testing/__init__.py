"""For the tests of projects: a subscriber for a plain ``TestCase``, without threads, sockets or waiting.

::

    class TodoTests(TestCase):
        def test_a_new_todo_is_told(self):
            inbox = StreamClient(user=self.user).group("todo", "inbox")     # asks the rules and hooks, as a socket does
            self.client.post("/todo", {"description": "milk"}, content_type="application/json")
            self.assertEqual(inbox.get_state()[0]["description"], "milk")
            self.assertEqual([type for type, _ in inbox.events], ["sync", "create"])

A ``TestCase`` runs in a transaction that is never committed, so nothing would ever be told. Here everything that its
code has committed - as far as the test is concerned - is told when the subscriber is looked at, and what was rolled
back is not.
"""

from ..threads import close_connections
from .client import StreamClient
from .commits import commit
from .subscription import Subscription

__all__ = ["StreamClient", "Subscription", "close_connections", "commit"]
