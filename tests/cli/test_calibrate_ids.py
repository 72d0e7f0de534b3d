"""Ids of servos: a person plugs new ones in, one after the other, and a virtual arm comes to life."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.dynamixel_setup import MODELS
from drivers.servo_arm import ServoArm
from drivers.servo_naming import DYNAMIXEL, STS, Maker, Named, ServoNaming
from robolearn.cli.calibrate.ids import NewArm, Place, name_servos
from robolearn.cli.main import BAD_INPUT, main
from robolearn.errors import DeviceError
from tests.cli.test_calibrate_servos import station_at
from tests.drivers.koch_rig import SERVOS, koch_arm
from tests.drivers.so101_rig import RANGES, SCALES, Bench, so101_arm, so101_config, virtual_so101

NAMES = tuple(RANGES)
BAUD, ANOTHER_BAUD = 1_000_000, 115_200
PATIENCE_S = 0.04


@dataclass(frozen=True)
class Kind:
    """An arm of one maker's servos."""

    maker: Maker
    device: str  # what is emulated
    models: dict[str, int]
    driver: Callable[[Path], ServoArm]

    def new_arm(self, bench: Bench) -> NewArm:
        places = {name: Place(Named(SCALES[name].id, BAUD), self.models[name]) for name in NAMES}
        return NewArm(ServoNaming(self.maker, str(bench.port), PATIENCE_S), places)


KINDS = {
    "feetech": Kind(STS, "so101", dict.fromkeys(NAMES, 777), lambda port: so101_arm(so101_config(port))),
    "dynamixel": Kind(
        DYNAMIXEL, "dynamixel", {name: MODELS[servo.model].number for name, servo in SERVOS.items()}, koch_arm
    ),
}


@pytest.fixture(scope="module", params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture(scope="module")
def bench(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with virtual_so101(tmp_path_factory.mktemp(kind.device), device=kind.device) as bench:
        yield bench


def as_new(kind: Kind, bench: Bench, *names: str) -> NewArm:
    """Servos as they come from their maker, with the id 1, the gripper at another baud rate; none is plugged in."""
    arm = kind.new_arm(bench)
    for name in names:
        plug_alone(bench, NAMES.index(name))
        arm.naming.rename(arm.naming.lone(kind.models[name]), Named(1, ANOTHER_BAUD if name == "gripper" else BAUD))
    unplug_all(bench)
    return arm


def plug_alone(bench: Bench, servo: int) -> None:
    unplug_all(bench)
    bench.emulator.do("plug", servo=servo, on=True)


def unplug_all(bench: Bench) -> None:
    for at in range(len(NAMES)):
        bench.emulator.do("plug", servo=at, on=False)


class Person(io.StringIO):
    """Reads the questions, plugs in what they ask for, and presses Enter. At first something else may be there too."""

    def __init__(self, bench: Bench, also: str | None = None) -> None:
        super().__init__()
        self._bench, self._also = bench, also

    def readline(self, size: int | None = -1, /) -> str:
        plug_alone(self._bench, NAMES.index(self.getvalue().rpartition("Plug ")[2].split()[0]))
        if self._also is not None:
            self._bench.emulator.do("plug", servo=NAMES.index(self._also), on=True)
            self._also = None
        return "\n"


def test_new_servos_get_their_ids_for_good_and_the_arm_connects(kind: Kind, bench: Bench) -> None:
    arm, person = as_new(kind, bench, *NAMES), Person(bench)
    done = name_servos(arm, NAMES[::-1], person, person)
    assert list(done) == list(NAMES[::-1])
    assert done["gripper"] == {"id": 6, "had_id": 1, "had_baud": ANOTHER_BAUD}
    assert done["shoulder_pan"] == {"id": 1, "had_id": 1, "had_baud": BAUD}
    for at in range(len(NAMES)):
        bench.emulator.do("plug", servo=at, on=True)  # as on the next morning
    bench.emulator.do("reset", seed=0, task="cube_in_bin")
    driver = kind.driver(bench.port)
    driver.connect()
    assert driver.fault is None
    driver.close()


def test_a_servo_that_is_not_alone_is_left_as_it_is_and_asked_for_again(
    kind: Kind, bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    arm, person = as_new(kind, bench, "wrist_flex", "elbow_flex"), Person(bench, also="elbow_flex")
    done = name_servos(arm, ["wrist_flex"], person, person)
    assert done["wrist_flex"]["had_id"] == 1 and person.getvalue().count("Plug wrist_flex") == 2
    assert "leave one" in capfd.readouterr().err
    plug_alone(bench, NAMES.index("elbow_flex"))
    assert arm.naming.lone(kind.models["elbow_flex"]) == Named(1, BAUD)


def test_nobody_another_model_and_several_servos_are_named(kind: Kind, bench: Bench) -> None:
    naming, model = as_new(kind, bench, "gripper", "wrist_roll").naming, kind.models["gripper"]
    with pytest.raises(DeviceError, match="no servo answers on .*is its power on"):
        naming.lone(model)
    plug_alone(bench, NAMES.index("gripper"))
    with pytest.raises(DeviceError, match=f"of model {model}, the station's file says 9999"):
        naming.lone(9999)
    bench.emulator.do("plug", servo=NAMES.index("wrist_roll"), on=True)
    with pytest.raises(DeviceError, match="several servos answer .*1 at 1000000 bits/s.*1 at 115200 bits/s"):
        naming.lone(model)


def test_a_servo_with_a_far_id_is_found_too(kind: Kind, bench: Bench) -> None:
    arm = as_new(kind, bench, "wrist_roll")
    plug_alone(bench, NAMES.index("wrist_roll"))
    arm.naming.rename(Named(1, BAUD), Named(200, BAUD))
    assert arm.naming.lone(kind.models["wrist_roll"]) == Named(200, BAUD)


def test_what_the_arm_has_not_is_refused_and_without_a_person_nothing_is_changed(
    kind: Kind, bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arm = as_new(kind, bench, "elbow_flex")
    words = ["calibrate", "ids", "--station", str(station_at(tmp_path, bench.port))]
    assert main([*words, "--only", "wrist_rol"]) == BAD_INPUT
    assert "Did you mean 'wrist_roll'?" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(words) == BAD_INPUT
    assert "nobody at the terminal can plug servos in" in capsys.readouterr().err
    plug_alone(bench, NAMES.index("elbow_flex"))
    assert arm.naming.lone(kind.models["elbow_flex"]) == Named(1, BAUD)
