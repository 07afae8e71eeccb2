"""The steps of a flow as a graph: who starts whom, as far as they declare it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .definition import Step
from .queues import QueueTrigger
from .watches import WatchTrigger

ROUND = '(["{}"])'


@dataclass(frozen=True, slots=True)
class Node:
    """A step, or something that starts one. kind: ``step``, ``topic``, ``stream``, ``http``, ``cron``, ``state`` or
    ``label`` (a virtual topic).
    """

    id: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow between two nodes, by their ids. conditional: not everything that comes along it starts the step.

    virtual: only drawn, nothing is known to come along it.
    """

    source: str
    target: str
    conditional: bool = False
    virtual: bool = False


@dataclass(frozen=True, slots=True)
class Diagram:
    """Nodes in the order in which they were met, and edges, each once."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def diagram(steps: Iterable[Step], flow: str | None = None) -> Diagram:
    """Return the graph of those *steps* that are in *flow* (None: of all)."""
    nodes, edges = dict[str, Node](), dict[Edge, None]()
    for step in steps:
        if flow not in (None, *step.flows):
            continue
        node = Node(f"step:{step.name}", "step", step.name)
        nodes[node.id] = node
        for other, inwards, conditional in _around(step):
            nodes.setdefault(other.id, other)
            ends = (other.id, node.id) if inwards else (node.id, other.id)
            edges[Edge(*ends, conditional, virtual=other.kind == "label")] = None
    return Diagram(tuple(nodes.values()), tuple(edges))


def mermaid(graph: Diagram) -> str:
    """Return *graph* as the text of a Mermaid flowchart."""
    shapes = {"step": '["{}"]', "topic": '>"{}"]', "label": '>"{}"]', "stream": '[("{}")]', "state": '[("{}")]'}
    names = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        label = node.label.replace('"', "#quot;").replace("\n", " ")
        lines.append(f"    {names[node.id]}{shapes.get(node.kind, ROUND).format(label)}")
    for edge in graph.edges:
        arrow = "-.->" if edge.virtual else "-->"
        lines.append(f"    {names[edge.source]} {arrow} {names[edge.target]}")
    return "\n".join(lines)


def _around(step: Step) -> Iterator[tuple[Node, bool, bool]]:
    """Yield what is beside a step; True: it starts the step; True: on a condition."""
    for trigger in step.triggers:
        kind = "topic" if isinstance(trigger, QueueTrigger) else trigger.type
        label = trigger.source
        if isinstance(trigger, WatchTrigger):
            place = (trigger.source, trigger.group if trigger.type == "stream" else None, trigger.item)
            label = "/".join([trigger.type, *(part for part in place if part)])
        yield Node(f"{kind}:{label}", kind, label), True, trigger.condition is not None
    for topic in step.enqueues or ():
        yield Node(f"topic:{topic}", "topic", topic), False, False
    for label in step.virtual_subscribes:
        yield Node(f"label:{label}", "label", label), True, False
    for label in step.virtual_enqueues:
        yield Node(f"label:{label}", "label", label), False, False
