"""`light.py` against the standard library: its classes do what dataclasses do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.light import dataclass, field, fields, pattern, replace

ROOT = Path(__file__).parents[2] / "entra_oauth"


@dataclass(frozen=True, slots=True)
class Light:
    name: str
    secret: str = field(default="x", repr=False)
    seen: int = field(default=0, compare=False)
    many: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError


@dataclasses.dataclass(frozen=True, slots=True)
class Usual:
    name: str
    secret: str = dataclasses.field(default="x", repr=False)
    seen: int = dataclasses.field(default=0, compare=False)
    many: list[int] = dataclasses.field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Bare:
    kind: str | None = field(default=None, metadata={"mark": 1})


@dataclass(frozen=True, slots=True)
class Empty:
    pass


def test_a_value_shows_compares_and_takes_its_arguments_as_a_dataclass_does() -> None:
    for one in (("a",), ("a", "b"), ("a", "b", 3), ("a", "b", 3, [4])):
        light, usual = Light(*one), Usual(*one)
        assert repr(light) == repr(usual).replace("Usual", "Light")
        assert dataclasses.asdict(light) == dataclasses.asdict(usual)
    assert Light("a", seen=1) == Light("a", seen=2) != Light("b")
    assert Light("a") != Usual("a")  # type: ignore[comparison-overlap]
    assert Light("a").many is not Light("a").many
    assert Empty() == Empty()
    assert repr(Empty()) == "Empty()"
    assert {Empty(): 1}[Empty()] == 1


def test_a_hash_is_of_what_is_compared() -> None:
    one, other = Light("a", seen=1, many=()), Light("a", seen=2, many=())  # type: ignore[arg-type]
    assert hash(one) == hash(other)
    with pytest.raises(TypeError, match="unhashable"):
        hash(Light("a"))
    bare = Bare()
    assert bare in {bare}
    assert Bare() != Bare()


@pytest.mark.parametrize(
    "make", ["Light()", "Light('a', of=1)", "Bare('x')", "Light('a', name='b')"]
)
def test_arguments_that_do_not_fit_are_refused(make: str) -> None:
    with pytest.raises(TypeError, match="__init__"):
        eval(make)


@pytest.mark.parametrize(
    ("values", "named"),
    [((), {}), (("a",), {"of": 1}), (("a",), {"name": "b"}), (("a", "b", 3), {})],
)
@pytest.mark.parametrize("before", [0, 100])
def test_arguments_are_judged_alike_for_the_first_value_and_for_later_ones(
    before: int, values: tuple[object, ...], named: dict[str, object]
) -> None:
    @dataclass(frozen=True, slots=True)
    class Fresh:
        name: str
        other: str = "x"

    made = [Fresh(name="a", other=f"{number}") for number in range(before)]
    assert [each.other for each in made] == [f"{number}" for number in range(before)]
    with pytest.raises(TypeError, match=r"Fresh.__init__\(\)"):
        Fresh(*values, **named)  # type: ignore[arg-type]
    assert Fresh("a") == Fresh(name="a", other="x") != Fresh("a", "y")


def test_the_first_value_and_the_later_ones_are_checked_at_birth() -> None:
    @dataclass(frozen=True, slots=True)
    class Checked:
        name: str

        def __post_init__(self) -> None:
            if not self.name:
                raise ValueError

    for name in ("", "a", ""):
        if name:
            assert Checked(name).name == name
        else:
            with pytest.raises(ValueError, match=r"^$"):
                Checked(name)


def test_nothing_is_set_or_deleted_and_there_is_no_room_for_more() -> None:
    light = Light("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        light.name = "b"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del light.name
    with pytest.raises(dataclasses.FrozenInstanceError):
        light.other = 1  # type: ignore[attr-defined]
    assert not hasattr(light, "__dict__")


def test_copies_and_pickles_are_the_same_value() -> None:
    light = Light("a", "b", 3, [4])
    assert copy.deepcopy(light) == copy.copy(light) == pickle.loads(pickle.dumps(light)) == light
    assert copy.copy(light).seen == 3


def test_the_standard_library_takes_it_for_its_own() -> None:
    light = Light("a")
    assert dataclasses.is_dataclass(light)
    assert dataclasses.replace(light, name="b") == replace(light, name="b") == Light("b")
    shown = {each.name: each.repr for each in dataclasses.fields(light)}
    assert shown == {"name": True, "secret": False, "seen": True, "many": True}
    (kind,) = fields(Bare)
    assert (kind.name, str(kind.type), kind.metadata["mark"]) == ("kind", "str | None", 1)
    assert replace(Usual("a"), name="b") == Usual("b")


def test_what_it_does_not_know_is_refused_where_it_is_declared() -> None:
    for wanted in ({"frozen": False, "slots": True}, {"frozen": True, "slots": False}):
        with pytest.raises(TypeError, match="only frozen classes with slots"):
            dataclass(**wanted)


@pytest.mark.parametrize("room", ["protocol", "channels", "flows", "cache", "cli"])
def test_the_rooms_of_a_sign_in_declare_no_class_by_the_standard_library(room: str) -> None:
    """It looks into `typing` as another thread may just be importing it, and fails."""
    found = [
        str(path)
        for path in (ROOT / room).rglob("*.py")
        if re.search(
            r"^\s*from dataclasses import .*\bdataclass\b|^import dataclasses",
            path.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    ]
    assert found == []


@pytest.mark.parametrize(
    ("light", "usual"),
    [
        (pattern("(a+)b"), re.compile("(a+)b")),
        (pattern(rb"[^a]", re.IGNORECASE), re.compile(rb"[^a]", re.IGNORECASE)),
    ],
    ids=["text", "bytes with a flag"],
)
def test_a_pattern_finds_what_one_of_re_finds(light: Any, usual: Any) -> None:
    binary = isinstance(usual.pattern, bytes)
    for text in ("", "ab", "xaabA"):
        given = text.encode() if binary else text
        for name in ("match", "fullmatch", "search"):
            # Twice: what was asked for once is kept.
            for _ in range(2):
                found, meant = getattr(light, name)(given), getattr(usual, name)(given)
                assert (found and found.span()) == (meant and meant.span())
        assert light.findall(given) == usual.findall(given)
        assert light.sub(given[:1], given) == usual.sub(given[:1], given)
    assert (light.pattern, light.flags) == (usual.pattern, usual.flags)


def test_a_pattern_is_compiled_when_it_is_first_used() -> None:
    unfinished = pattern("(")
    with pytest.raises(re.error, match="missing"):
        unfinished.search("")
