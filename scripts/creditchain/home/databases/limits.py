"""Times of databases, in seconds."""

#: How long a writer waits for another process's write to end.
BUSY_SECONDS = 60.0
#: After this a server ends a transaction whose process says nothing any more, so that it holds nobody up.
IDLE_SECONDS = 60.0
#: How long a server may take to answer a new connection.
CONNECT_SECONDS = 10
#: How long a connection may be silent before each side asks whether the other is still there, and between questions.
ALIVE_SECONDS = 20
#: Questions without an answer after which a connection counts as dead.
ALIVE_TRIES = 3
