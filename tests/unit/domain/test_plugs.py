"""A file of a plug room is whole, or refused with its name and with what it lacks."""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar, Literal, Protocol

import pytest

from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.plugs import check_plug, files_of


class Lamp(Protocol):
    """A kind of plug of this test."""

    NAME: ClassVar[str]
    WATTS: float
    COLOUR: ClassVar[Literal["white", "red"]]
    ROOMS: tuple[str, ...]
    Parameters: ClassVar[type[dict[str, int]]]

    def shine(self) -> int:
        """Give light."""


def lamp(**changes: Any) -> ModuleType:
    """A whole lamp, but for the changes; None takes an attribute away."""
    module = ModuleType("house.lamps.desk")
    module.__file__ = "house/lamps/desk.py"
    whole = {"NAME": "desk", "WATTS": 4, "COLOUR": "red", "ROOMS": (), "Parameters": dict, "shine": lambda: 1}
    for name, value in {**whole, **changes}.items():
        if value is not None:
            setattr(module, name, value)
    return module


def test_a_whole_file_passes() -> None:
    check_plug(lamp(), "lamp", Lamp)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"WATTS": None, "shine": None}, "it has no WATTS, shine"),
        ({"WATTS": "4"}, "its WATTS '4' is not of type float"),
        ({"COLOUR": "blue"}, "its COLOUR 'blue' is not one of white, red"),
        ({"ROOMS": "hall"}, "its ROOMS 'hall' is not of type tuple"),
        ({"Parameters": {}}, "its Parameters {} is not of type type"),
        ({"shine": 1}, "its shine is no function"),
        ({"NAME": "ceiling"}, "its NAME 'ceiling' is not the file's"),
    ],
)
def test_a_file_that_lacks_something_is_refused_by_name(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(FlowError) as refusal:
        check_plug(lamp(**changes), "lamp", Lamp)
    assert refusal.value.message == f"house/lamps/desk.py is no lamp: {said}"
    assert "a lamp has NAME, WATTS, COLOUR, ROOMS, Parameters, shine" in refusal.value.hint


def test_every_file_of_a_room_is_found() -> None:
    assert "flow_pipeline.domain.plugs" in [module.__name__ for module in files_of("flow_pipeline.domain")]
