"""Configuration is read strictly, and every fault is named with its line and the way out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import pytest

from robolearn import config
from robolearn.config import Key, Limit, Section
from robolearn.errors import ConfigError


class Backend(str, Enum):
    TWIN = "twin"
    DRIVERS = "drivers"


@dataclass(frozen=True)
class Limits:
    speed_m_s: Annotated[float, Limit("top speed of the tool [m/s]", low=0.0, high=2.0)]
    box_m: Annotated[tuple[float, float, float], Limit("corner of the workspace [m]", low=-1.0, high=1.0)]


@dataclass(frozen=True)
class Camera:
    width: Annotated[int, Key("pixels in a row", low=1)]
    serial: str | None = None


@dataclass(frozen=True)
class Station:
    name: str
    backend: Backend
    limits: Limits
    cameras: dict[str, Camera]
    mass_kg: Annotated[tuple[float, float], Key("lightest and heaviest cube [kg]", low=0.0, ascending=True)]
    prompts: tuple[str, ...] = ()
    shadows: bool = False
    axis: Literal["x", "y"] = "x"
    order: tuple[Camera, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.name == "forbidden":
            raise ConfigError("a station must not be called forbidden")


GOOD = """\
name: bench
backend: twin
limits:
  speed_m_s: 0.25
  box_m: [0, -0.5, 1e-3]
cameras:
  front: {width: 128}
  wrist: {width: 64, serial: "0042"}
mass_kg: [0.02, 0.05]
prompts:
  - put the cube in the bin
shadows: true
axis: y
order:
  - {width: 1}
"""


def fault_of(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        config.parse(text, Station, "cell.yaml")
    return str(caught.value)


def test_a_complete_file_becomes_the_dataclass_with_the_right_types(tmp_path: Path) -> None:
    path = tmp_path / "cell.yaml"
    path.write_text(GOOD)
    station = config.load(path, Station)
    assert station == Station(
        name="bench",
        backend=Backend.TWIN,
        limits=Limits(speed_m_s=0.25, box_m=(0.0, -0.5, 0.001)),
        cameras={"front": Camera(128), "wrist": Camera(64, "0042")},
        mass_kg=(0.02, 0.05),
        prompts=("put the cube in the bin",),
        shadows=True,
        axis="y",
        order=(Camera(1),),
    )
    assert isinstance(station.limits.box_m[0], float) and station.backend is Backend.TWIN


def test_keys_with_a_default_may_be_left_out() -> None:
    short = GOOD[: GOOD.index("prompts:")]
    station = config.parse(short, Station, "cell.yaml")
    assert station.prompts == () and station.shadows is False and station.axis == "x"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        (
            "speed_m_s: 0.25",
            "sped_m_s: 0.25",
            4,
            ["limits", "'sped_m_s'", "Did you mean 'speed_m_s'", "box_m"],
        ),
        ("backend: twin", "backend: twinn", 2, ["backend", "'twinn'", "Did you mean 'twin'", "drivers"]),
        ("axis: y", "axis: z", 13, ["axis", "'z'", "x, y"]),
        (
            "  speed_m_s: 0.25\n",
            "",
            4,
            ["limits", "'speed_m_s'", "top speed of the tool [m/s]", "no default"],
        ),
        ("mass_kg: [0.02, 0.05]\n", "", 1, ["'mass_kg'", "lightest and heaviest cube [kg]"]),
        ("speed_m_s: 0.25", "speed_m_s: 2.5", 4, ["limits.speed_m_s", "2.5", "[0.0, 2.0]", "top speed"]),
        ("speed_m_s: 0.25", "speed_m_s: .nan", 4, ["limits.speed_m_s", "a number", "'.nan'"]),
        ("speed_m_s: 0.25", "speed_m_s: nan", 4, ["limits.speed_m_s", "nan is outside"]),
        ("speed_m_s: 0.25", "speed_m_s: fast", 4, ["limits.speed_m_s", "a number", "'fast'"]),
        ("speed_m_s: 0.25", 'speed_m_s: "0.25"', 4, ["limits.speed_m_s", "a number"]),
        ("speed_m_s: 0.25", "speed_m_s:", 4, ["limits.speed_m_s", "a number", "nothing"]),
        ("speed_m_s: 0.25", "speed_m_s: [1]", 4, ["limits.speed_m_s", "a number", "a list"]),
        ("speed_m_s: 0.25", "speed_m_s: true", 4, ["limits.speed_m_s", "a number", "'true'"]),
        ("[0, -0.5, 1e-3]", "[0, -0.5]", 5, ["limits.box_m", "3 values", "got 2"]),
        ("[0, -0.5, 1e-3]", "[0, -0.5, 3]", 5, ["limits.box_m[2]", "[-1.0, 1.0]"]),
        ("[0, -0.5, 1e-3]", "0.1", 5, ["limits.box_m", "a list", "'0.1'"]),
        ("[0.02, 0.05]", "[0.05, 0.02]", 9, ["mass_kg", "must not fall", "[0.05, 0.02]"]),
        ("{width: 128}", "{width: 128.5}", 7, ["cameras.front.width", "a whole number", "'128.5'"]),
        ("{width: 128}", "{width: 0}", 7, ["cameras.front.width", "0 is outside [1"]),
        ("{width: 128}", "[128]", 7, ["cameras.front", "keys and values", "a list"]),
        ('"0042"', "42", 8, ["cameras.wrist.serial", "text", "'42'", "quotes"]),
        ("shadows: true", "shadows: 1", 12, ["shadows", "true or false", "'1'"]),
        ("- {width: 1}", "- {with: 1}", 15, ["order[0]", "'with'", "'width'"]),
        ("name: bench", "name: forbidden", 1, ["must not be called forbidden"]),
        ("axis: y", "axis: y\naxis: x", 14, ["'axis'", "twice", "line 13"]),
        ("axis: y", "axis: y: x", 13, ["not valid YAML"]),
        ("axis: y", "? [a, b]\n: x", 13, ["plain text"]),
    ],
)
def test_a_fault_is_named_with_its_line_and_the_way_out(old: str, new: str, line: int, words: list[str]) -> None:
    assert old in GOOD
    message = fault_of(GOOD.replace(old, new, 1))
    assert message.startswith(f"cell.yaml:{line}: "), message
    assert not [word for word in words if word not in message], message


def test_an_empty_file_is_an_error_that_lists_the_keys() -> None:
    assert "empty" in fault_of("") and "backend" in fault_of("# nothing\n")


def test_a_file_that_is_a_list_is_an_error() -> None:
    assert "expected keys and values (Station), got a list" in fault_of("- 1\n")


def test_yaml_that_would_build_an_object_is_refused_and_builds_nothing(tmp_path: Path) -> None:
    trace = tmp_path / "was_here"
    fault_of(GOOD.replace("bench", f"!!python/object/apply:pathlib.Path.touch [!!python/name:str '{trace}']"))
    assert not trace.exists()


def test_a_missing_or_binary_file_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none.yaml"):
        config.load(tmp_path / "none.yaml", Station)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\xff")
    with pytest.raises(ConfigError, match="binary.yaml"):
        config.load(tmp_path / "binary.yaml", Station)


def test_a_control_character_is_a_plain_error() -> None:
    assert "not valid YAML" in fault_of("name: \x00")


def test_a_limit_with_a_default_is_refused_whatever_the_file_says() -> None:
    @dataclass(frozen=True)
    class Careless:
        force_n: Annotated[float, Limit("push of the tool [N]", low=0.0)] = 100.0

    with pytest.raises(TypeError, match="force_n is a limit"):
        config.parse("force_n: 5", Careless, "cell.yaml")


@dataclass(frozen=True)
class Task:
    name: str
    twin: Section


def test_a_section_is_read_later_and_its_faults_keep_their_line() -> None:
    task = config.parse("name: lift\ntwin:\n  width: 64\n", Task, "lift.yaml")
    assert task.twin.read(Camera) == Camera(64)
    task = config.parse("name: lift\ntwin:\n  width: 64\n  with: 64\n", Task, "lift.yaml")
    with pytest.raises(ConfigError, match=r"lift.yaml:4: twin: unknown key 'with'. Did you mean 'width'"):
        task.twin.read(Camera)


def test_a_section_may_not_be_left_out() -> None:
    with pytest.raises(ConfigError, match="missing: 'twin'"):
        config.parse("name: lift", Task, "lift.yaml")


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Write ``tasks/<name>.yaml`` into one of the user's folders, the first named having precedence."""
    folders = [tmp_path / "first", tmp_path / "second"]
    monkeypatch.setenv(config.FOLDERS_VARIABLE, ":".join(str(folder) for folder in folders))

    def write(folder: str, name: str) -> Path:
        path = tmp_path / folder / "tasks" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
        return path

    return write


def test_the_users_first_folder_wins_over_the_second(own_folder: Callable[[str, str], Path]) -> None:
    second = own_folder("second", "stack")
    assert config.find("tasks", "stack") == second
    first = own_folder("first", "stack")
    assert config.find("tasks", "stack") == first


def test_an_unknown_name_lists_the_valid_ones_and_where_was_searched(
    own_folder: Callable[[str, str], Path],
) -> None:
    path = own_folder("first", "stack")
    with pytest.raises(ConfigError) as caught:
        config.find("tasks", "stck")
    message = str(caught.value)
    assert "unknown task 'stck'. Did you mean 'stack'?" in message and str(path.parent) in message


def test_a_path_stands_for_itself_and_a_wrong_path_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("{}")
    assert config.find("stations", str(path)) == path
    with pytest.raises(ConfigError, match="no configuration file .*gone.yaml"):
        config.find("stations", str(tmp_path / "gone.yaml"))
