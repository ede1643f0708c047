"""What an update and a JSON patch send, made from the object as it is (spec-sensors 7.3; spec: effects 3.3). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from events.languages.gjson.result import Kind
from events.ports import Object
from sensors.kube_json import read_json, write_json
from sensors.kube_request import Settled
from sensors.parameters import Value, write_value
from sensors.spec import Parameter, ParameterSource


def overlaid(live: Any, given: Any) -> Any:
    """`given` over `live`, as upstream's update: maps are merged, an empty one changes nothing; every other given
    value wins, also `false`, `0`, `[]` and null, and a list is replaced as a whole.
    """
    if not (isinstance(live, Mapping) and isinstance(given, Mapping)):
        return given
    merged = dict(live)
    for name, value in given.items():
        merged[name] = overlaid(live[name], value) if name in live else value
    return merged


def with_parameters(live: Object, settled: Sequence[Settled], at: str) -> Object:
    """The live object with the values of parameters written into it; append and prepend see what it has now.

    Raises RenderFailed.
    """
    document = write_json(live)
    for index, each in enumerate(settled):
        source = ParameterSource(use_raw_data=each.is_raw)
        parameter = Parameter(src=source, dest=each.dest, operation=each.operation)
        document = write_value(document, parameter, Value(each.text, Kind(each.kind)), f"{at}[{index}]")
    changed: Object = read_json(document)
    return changed


def guarded_operations(
    live: Object, operations: Sequence[Mapping[str, Any]], annotations: Mapping[str, str]
) -> list[Mapping[str, Any]]:
    """A JSON patch that applies to this version of the object alone, and leaves its effect's id there.

    Its operations may not be repeated (`add` to a list adds twice). Only the first of them makes the whole repeatable:
    whoever finds another version looks whether the id is there already.
    """
    metadata = live["metadata"]
    guard = {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]}
    room = (
        [] if metadata.get("annotations") else [{"op": "add", "path": "/metadata/annotations", "value": {}}]
    )
    marks = [
        {"op": "add", "path": f"/metadata/annotations/{_token(name)}", "value": value}
        for name, value in annotations.items()
    ]
    return [guard, *room, *operations, *marks]


def _token(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
