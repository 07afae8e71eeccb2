"""What may go wrong, each as a function of the episode it goes wrong in."""

import signal
import sqlite3
import time
from contextlib import suppress

import psycopg
from websockets.asyncio.client import ClientConnection
from websockets.protocol import State

from tests.chaos.episode import Episode, Fault
from tests.chaos.ledger import Violation
from tests.support.waiting import eventually

TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'chaos'"
RESTARTING = 4012
NOTES = """
    SELECT c.key, count(*) FROM streams_change c JOIN streams_group g ON g.id = c.group_id
    WHERE g.stream = ? AND g.key = ? AND c.key LIKE ? GROUP BY c.key"""
FAULTS: dict[str, Fault] = {}


def fault(name: str, **options: object):  # type: ignore[no-untyped-def]
    """Register a fault."""

    def register(act):  # type: ignore[no-untyped-def]
        FAULTS[name] = Fault(name, act, **options)  # type: ignore[arg-type]
        return act

    return register


@fault("nothing", rate=80.0)
def nothing(episode: Episode) -> None:
    """Load alone: rolled-back transactions, savepoints, poison and noise are always part of it."""
    episode.world.pause(episode.span)


# -- processes --------------------------------------------------------------------------------------------------------


@fault("kill web")
def kill_web(episode: Episode) -> None:
    web = episode.dice.choice(episode.world.webs)
    web.kill()
    episode.world.pause(episode.span / 2)
    web.start()
    episode.world.pause(episode.span / 4)


@fault("stop web", holes=True)
def stop_web(episode: Episode) -> None:
    web = episode.dice.choice(episode.world.webs)
    web.process.send(signal.SIGSTOP)
    episode.world.pause(episode.dice.uniform(0.5, 2) * episode.span)
    web.process.send(signal.SIGCONT)


@fault("kill writer", errors=True)
def kill_writer(episode: Episode) -> None:
    writing = episode.dice.choice(episode.world.writers)
    writing.console.process.kill()
    episode.world.pause(episode.span / 3)
    episode.world.hire()
    episode.write()
    episode.world.pause(episode.span / 2)


@fault("stop writer")
def stop_writer(episode: Episode) -> None:
    writing = episode.dice.choice(episode.world.writers)
    writing.console.process.send(signal.SIGSTOP)
    episode.world.pause(episode.span)
    writing.console.process.send(signal.SIGCONT)


@fault("kill worker")
def kill_worker(episode: Episode) -> None:
    _work(episode, signal.SIGKILL)


@fault("stop worker")
def stop_worker(episode: Episode) -> None:
    _work(episode, signal.SIGSTOP)


def _work(episode: Episode, number: signal.Signals) -> None:
    """Let a Celery worker write, and trouble it: what every message says is committed, and once."""
    world, place = episode.world, episode.place("whole/hot")
    worker, sender = world.work(), world.hire()
    journal = str(episode.directory / f"journal-{sender.name}.jsonl")
    sending = {"name": f"{sender.name}{episode.mark}", "place": list(place), "count": 40, "journal": journal}
    try:
        for part in range(4):
            sender.console.call("tests.chaos.writers:enqueue_notes", part=part, **sending)
            world.pause(episode.dice.uniform(0, episode.span / 8))
            worker.send(number)
            world.pause(episode.span / 8)
            if number == signal.SIGKILL:
                worker.wait()
                worker.start()
            else:
                worker.send(signal.SIGCONT)
        eventually(lambda: not sender.console.call("tests.chaos.writers:notes_waiting"), what="all is done", within=60)
    finally:
        sender.console.close()
        world.writers.remove(sender)
        worker.kill()
    [rows] = world.database.query((NOTES, [*place, "note-%"]))
    twice = [key for key, number in rows if number != 1]
    if len(rows) != 4 * sending["count"] or twice:
        done = f"{len(rows)} of {4 * sending['count']} messages are done, more than once: {twice}"
        episode.found.append(Violation("I4", "worker", done))


@fault("rolling restart")
def rolling_restart(episode: Episode) -> None:
    """Three processes, one after the other: each sends its clients away with 4012, and they find another one."""
    world = episode.world
    if len(world.webs) < 3:
        world.proxy.backends.append(world.serve("uvicorn").port)
    for web in world.webs:
        there = world.run(_sockets_at(episode, web.port))
        web.process.stop(signal.SIGTERM)
        for name, connection in there:
            world.run(connection.wait_closed())
            if connection.close_code != RESTARTING:
                what = f"was closed with {connection.close_code} when {web.process.name} went"
                episode.found.append(Violation("W11", name, what))
        web.start()
        world.pause(episode.span / 4)


async def _sockets_at(episode: Episode, port: int) -> list[tuple[str, ClientConnection]]:
    """Whose WebSocket leads to a process; slow clients may not read its last word in time."""
    lines = episode.world.proxy.lines
    theirs = {line.near.get_extra_info("peername")[1] for line in lines if line.port == port}
    return [
        (client.name, connection)
        for client in episode.clients
        if (connection := client.connection) is not None and client.pace == "fast"
        if connection.state is State.OPEN and connection.local_address[1] in theirs
    ]


# -- lines ------------------------------------------------------------------------------------------------------------


@fault("cut lines")
def cut_lines(episode: Episode) -> None:
    proxy, end = episode.world.proxy, time.monotonic() + episode.span
    proxy.cut_bytes = 20_000
    while time.monotonic() < end:
        episode.world.run(proxy.cut(0.3))
        episode.world.pause(0.3)


@fault("coming and going", rate=100.0)
def coming_and_going(episode: Episode) -> None:
    """Join after join while the group changes: what comes between the read and the answer must not be lost."""
    proxy, end = episode.world.proxy, time.monotonic() + episode.span
    for number in range(12):
        kind = "own" if number % 2 else "published"
        episode.client(f"guest{number}", kind, [(episode.place("whole/hot"), None)])  # type: ignore[arg-type]
    while time.monotonic() < end:
        episode.world.run(proxy.cut(0.5))
        episode.world.pause(0.15)


@fault("half-open lines", holes=True)
def half_open(episode: Episode) -> None:
    proxy = episode.world.proxy
    frozen = episode.world.run(proxy.freeze(0.5))
    episode.world.pause(episode.span)
    for line in frozen[::2]:  # some come back with all that was held, the others never
        episode.world.loop.loop.call_soon_threadsafe(line.open.set)
    episode.world.pause(1)


@fault("away while the log is trimmed")
def away(episode: Episode) -> None:
    proxy = episode.world.proxy
    proxy.refusing = True
    episode.world.run(proxy.cut(1.0))
    episode.world.pause(episode.span)
    proxy.refusing = False
    episode.world.pause(1)


@fault("slow clients", heavy=3000, rate=40.0, holes=True)
def slow(episode: Episode) -> None:
    """More is written over and over than all buffers hold: they get the newest values, and are told what is missing."""
    world, place = episode.world, episode.place("whole/big")
    for number in range(4):
        kind, web = "own" if number % 2 else "published", world.webs[number // 2]
        episode.client(f"sleepy{number}", kind, [(place, None)], pace="slow", url=web.ws)  # type: ignore[arg-type]
    world.run(episode._all_joined())
    filler = world.hire()
    try:
        filler.console.call("tests.chaos.writers:overwrite", stream=place[0], group=place[1], rounds=300, size=8000)
        world.pause(episode.span * 1.5)
    finally:
        filler.console.close()
        world.writers.remove(filler)


@fault("clients that never read")
def never(episode: Episode) -> None:
    """Such a client is closed; its neighbour in the same group gets everything."""
    world, place = episode.world, episode.place("whole/big")
    sleepers = [
        episode.client(f"never{number}", "own", [(place, None)], pace="never", url=web.ws)
        for number, web in enumerate(world.webs)
    ]
    episode.client("neighbour", "own", [(place, None)])
    world.run(episode._all_joined())
    world.pause(0.5)
    filler = world.hire()
    try:
        filler.console.call("tests.chaos.writers:fill", stream=place[0], group=place[1], count=3000, size=4000)
        world.pause(episode.span / 2)
        for sleeper in sleepers:
            world.loop.loop.call_soon_threadsafe(sleeper.woken.set)
        deadline = time.monotonic() + 15
        while any(sleeper.sessions < 2 for sleeper in sleepers) and time.monotonic() < deadline:
            world.pause(0.1)
        for sleeper in sleepers:
            if sleeper.sessions < 2:
                episode.found.append(Violation("I11", sleeper.name, "never read 12 MB and was not closed"))
            sleeper.pace = "fast"
    finally:
        filler.console.close()
        world.writers.remove(filler)


@fault("reconnect storm", rate=1.0)
def storm(episode: Episode) -> None:
    world, place = episode.world, episode.place("whole/hot")
    crowd = [episode.client(f"crowd{number}", "own", [(place, None)]) for number in range(int(300 * episode.span))]
    deadline = time.monotonic() + 40
    while not all(client.joined for client in crowd) and time.monotonic() < deadline:
        world.pause(0.1)
    world.run(world.proxy.cut(1.0))
    world.pause(episode.span)


# -- the layer --------------------------------------------------------------------------------------------------------


@fault("kill valkey")
def kill_valkey(episode: Episode) -> None:
    assert episode.world.valkey is not None
    episode.world.valkey.process.kill()
    episode.world.pause(episode.span)
    episode.world.valkey.start()
    episode.world.pause(1)


@fault("stop valkey")
def stop_valkey(episode: Episode) -> None:
    assert episode.world.valkey is not None
    episode.world.valkey.process.send(signal.SIGSTOP)
    episode.world.pause(episode.span * (10 if episode.dice.random() < 0.2 and episode.span >= 3 else 1))
    episode.world.valkey.process.send(signal.SIGCONT)
    episode.world.pause(0.5)


@fault("flush valkey")
def flush_valkey(episode: Episode) -> None:
    for _ in range(5):
        episode.world.redis().flushall()
        episode.world.pause(episode.span / 5)


@fault("kill subscriptions")
def kill_subscriptions(episode: Episode) -> None:
    for _ in range(3):
        episode.world.redis().execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        episode.world.pause(episode.span / 3)


@fault("hints lost")
def hints_lost(episode: Episode) -> None:
    episode.world.tell("hints", {"lose": episode.dice.choice([0.01, 0.1, 0.5, 0.9])})
    episode.world.pause(episode.span)


@fault("all hints lost")
def all_hints_lost(episode: Episode) -> None:
    episode.world.tell("hints", {"lose": 1.0})
    episode.world.pause(episode.span)
    episode.end_writing()  # the last hint is lost, too


@fault("hints doubled and reordered")
def hints_reordered(episode: Episode) -> None:
    episode.world.tell("hints", {"double": 0.5, "late_s": episode.dice.choice([0.01, 0.1, 1.0]), "lose": 0.1})
    episode.world.pause(episode.span)


# -- the database -----------------------------------------------------------------------------------------------------


@fault("terminate backends", only="postgres", errors=True)
def terminate(episode: Episode) -> None:
    for _ in range(4):
        episode.world.database.query((TERMINATE + " AND pid <> pg_backend_pid()", []))
        episode.world.pause(episode.span / 4)


@fault("restart database", only="postgres", errors=True)
def restart_database(episode: Episode) -> None:
    episode.world.restart_postgres()
    episode.world.pause(episode.span)


@fault("connections exhausted", only="postgres", errors=True)
def exhausted(episode: Episode) -> None:
    taken: list[psycopg.Connection] = []
    try:
        for _ in range(3):
            with suppress(psycopg.OperationalError):
                while len(taken) < 300:
                    taken.append(psycopg.connect(episode.world.database.url, connect_timeout=5))
            others = [connection.info.backend_pid for connection in taken]
            taken[0].execute(TERMINATE + " AND pid <> ALL(%s)", [others])  # they find no place to come back to
            taken[0].commit()
            episode.world.pause(episode.span / 3)
    finally:
        for connection in taken:
            connection.close()


@fault("write lock held", only="sqlite")
def write_lock(episode: Episode) -> None:
    with sqlite3.connect(episode.world.database.path, timeout=20, isolation_level=None) as connection:
        connection.execute("BEGIN IMMEDIATE")
        episode.world.pause(episode.span)
        connection.execute("ROLLBACK")


@fault("long transaction")
def long_transaction(episode: Episode) -> None:
    world, holder = episode.world, episode.world.hire()
    try:
        for commit in (True, False):
            holder.console.call(
                "tests.chaos.writers:hold",
                name=f"{holder.name}{episode.mark}{commit}",
                place=list(episode.place("whole/hot")),
                seconds=episode.span / 2,
                commit=commit,
                journal=str(episode.directory / f"journal-{holder.name}.jsonl"),
            )
    finally:
        holder.console.close()
        world.writers.remove(holder)


@fault("restore of a backup")
def restore(episode: Episode) -> None:
    """Go back to an older history; what is written then takes the same sequences again."""
    world = episode.world
    world.save()
    world.pause(episode.span / 2)
    episode.end_writing()
    episode.dumps.append(world.database.dump(episode.mark))
    world.restore()
    episode.excuses.restored = time.monotonic()
    episode.write()
    world.pause(episode.span)


@fault("restore while everybody is away")
def restore_away(episode: Episode) -> None:
    proxy = episode.world.proxy
    episode.world.save()
    episode.world.pause(episode.span / 2)
    episode.end_writing()
    proxy.refusing = True
    episode.world.run(proxy.cut(1.0))
    episode.dumps.append(episode.world.database.dump(episode.mark))
    episode.world.restore()
    episode.excuses.restored = time.monotonic()
    episode.write(rate=60)
    episode.world.pause(episode.span * 0.7)  # about as far as it had been before
    proxy.refusing = False
    episode.world.pause(1)


@fault("new epoch by hand")
def new_epoch(episode: Episode) -> None:
    episode.world.manage("streams", "new-epoch", *episode.place("whole/hot"))
    episode.world.manage("streams", "new-epoch", "brief")
    episode.world.pause(episode.span / 3)


# -- clocks -----------------------------------------------------------------------------------------------------------


@fault("clocks 30 s apart")
def skew(episode: Episode) -> None:
    names = [*(writing.name for writing in episode.world.writers), *(web.process.name for web in episode.world.webs)]
    for name in names:
        episode.world.tell(f"clock-{name}", episode.dice.choice([-30.0, -5.0, -0.05, 0.0, 0.05, 30.0]))
    episode.world.pause(episode.span)


@fault("clocks jump")
def jump(episode: Episode) -> None:
    for _ in range(6):
        writing = episode.dice.choice(episode.world.writers)
        episode.world.tell(f"clock-{writing.name}", episode.dice.choice([-30.0, 30.0, 0.0]))
        episode.world.pause(episode.span / 6)
