"""The command line: quick to start, plain in its faults, and honest in its exit status."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import textwrap
from importlib import metadata
from pathlib import Path

import pytest

from robolearn.cli.commands import COMMANDS, Command
from robolearn.cli.extras import EXTRAS
from robolearn.cli.main import main
from tests.cli.children import LISTEN

WITHOUT_MODULE = {"ros-kilted-rclpy"}  # binds ros-rclpy to a distribution of ROS
HIDDEN = {"ur_rtde"}  # its modules rtde_control and rtde_receive are not in its list of files
SOURCES = {
    "weigh": """
        from robolearn.bars import Bar, outcome
        def add_arguments(parser):
            parser.add_argument("--mass", type=float, required=True)
        def run(args):
            print("weighing")
            return outcome({"mass": args.mass, "parts": {"cube": 0.5}}, [Bar("mass", args.mass, 1.0, "<=")])
    """,
    "train_base": """
        def add_arguments(parser):
            parser.add_argument("--status", type=int, default=0)
        def run(args):
            return args.status
    """,
    "lose": """
        from robolearn.errors import StoreError
        def add_arguments(parser):
            pass
        def run(args):
            raise StoreError("the store is gone. Record it again.")
    """,
    "crash": """
        def add_arguments(parser):
            pass
        def run(args):
            raise RuntimeError("a fault in the program")
    """,
    "lack": """
        def add_arguments(parser):
            pass
        def run(args):
            import robolearn.no_such_module
    """,
    "wait": """
        import sys, time
        def add_arguments(parser):
            pass
        def run(args):
            print("ready", file=sys.stderr, flush=True)
            time.sleep(60)
            return 0
    """,
}


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Command]:
    """A table of real modules, on disk."""
    monkeypatch.syspath_prepend(tmp_path)
    for name, source in SOURCES.items():
        (tmp_path / f"command_{name}.py").write_text(textwrap.dedent(source))
    return {name.replace("_", " "): Command(f"command_{name}", f"how to {name}") for name in SOURCES}


def last_line(text: str) -> dict[str, object]:
    value = json.loads(text.strip().splitlines()[-1])
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize(("mass", "status", "ok"), [("0.5", 0, True), ("1.5", 1, False), ("nan", 1, False)])
def test_the_bars_decide_the_exit_status(
    commands: dict[str, Command], capsys: pytest.CaptureFixture[str], mass: str, status: int, ok: bool
) -> None:
    assert main(["weigh", "--mass", mass, "--json"], commands) == status
    result = last_line(capsys.readouterr().out)
    assert result["parts"] == {"cube": 0.5}
    bars = result["bars"]
    assert isinstance(bars, list) and [bar["ok"] for bar in bars] == [ok]


def test_without_json_the_figures_and_bars_are_a_table(
    commands: dict[str, Command], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["weigh", "--mass", "1.5"], commands) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["weighing", "mass        1.5", "parts.cube  0.5", "MISSED  mass 1.5 (bar <= 1)"]


def test_a_command_of_two_words_runs_and_its_status_is_handed_on(commands: dict[str, Command]) -> None:
    assert main(["train", "base"], commands) == 0
    assert main(["train", "base", "--status", "7"], commands) == 7


def test_an_error_is_one_plain_message_and_exit_status_2(
    commands: dict[str, Command], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lose"], commands) == 2
    written = capsys.readouterr()
    assert written.err == "robolearn: the store is gone. Record it again.\n" and written.out == ""


def test_with_json_an_error_is_the_last_line_too(
    commands: dict[str, Command], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lose", "--json"], commands) == 2
    assert last_line(capsys.readouterr().out) == {"error": "the store is gone. Record it again."}


def test_a_fault_of_the_program_keeps_its_traceback(commands: dict[str, Command]) -> None:
    with pytest.raises(RuntimeError, match="a fault in the program"):
        main(["crash"], commands)


def test_a_missing_module_of_our_own_keeps_its_traceback(commands: dict[str, Command]) -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        main(["lack"], commands)


BLOCKED = """
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == sys.argv[1]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Without())
from robolearn.cli.main import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    ("module", "words", "extra"),
    [
        ("rclpy", "up twin --station so101_twin", "ros"),
        ("std_srvs", "tell start", "ros"),
        ("scservo_sdk", "calibrate servos --station so101", "arms"),
    ],
)
def test_an_optional_package_that_is_not_installed_is_named_with_its_extra(module: str, words: str, extra: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, module, *words.split(), "--json"], capture_output=True, text=True, check=False
    )
    message = f"this needs {module}, which is not installed here."
    assert done.returncode == 2 and "Traceback" not in done.stderr and message in done.stderr, done.stderr
    assert f"pip install -e '.[{extra}]'" in str(last_line(done.stdout)["error"])


def test_each_package_of_an_extra_is_known_by_what_is_imported_of_it() -> None:
    brought: dict[str, set[str]] = {}
    for module, packages in metadata.packages_distributions().items():
        for package in packages:
            brought.setdefault(_plain(package), set()).add(module)
    for requirement in metadata.requires("robolearn") or []:
        named, extra = re.match(r"[\w.-]+", requirement), re.search(r"extra == ['\"](\w+)", requirement)
        if named is None or extra is None or extra[1] not in EXTRAS or _plain(named[0]) in WITHOUT_MODULE:
            continue
        assert brought[_plain(named[0])] & {*EXTRAS[extra[1]], *HIDDEN}, requirement


def _plain(package: str) -> str:
    return package.lower().replace("_", "-")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["wiegh"],
            "unknown command 'wiegh'. Did you mean 'weigh'? Valid: crash, lack, lose, train base, wait, weigh.",
        ),
        (["train", "bose"], "unknown command 'train bose'. Did you mean 'train base'?"),
        (["weigh"], "required: --mass. Try: robolearn weigh --help"),
        (["weigh", "--mass", "heavy"], "--mass: invalid float value: 'heavy'"),
        (["weigh", "--mass", "1", "--mess", "2"], "unrecognized arguments: --mess 2"),
        (["weigh", "--mas", "1"], "required: --mass"),
    ],
)
def test_words_that_mean_nothing_are_bad_input_with_the_way_out(
    commands: dict[str, Command], capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    assert main(words, commands) == 2
    assert expected in capsys.readouterr().err


def test_help_lists_every_command(commands: dict[str, Command], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"], commands) == 0
    overview = capsys.readouterr().out
    assert all(name in overview and command.summary in overview for name, command in commands.items())


def test_a_group_alone_lists_its_commands(commands: dict[str, Command], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train"], commands) == 2
    overview = capsys.readouterr().out
    assert "train base" in overview and "weigh" not in overview


def test_ctrl_c_ends_a_command_with_status_130_and_no_traceback(commands: dict[str, Command], tmp_path: Path) -> None:
    source = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        f"{LISTEN}\n"
        "from robolearn.cli.main import main; from robolearn.cli.commands import Command\n"
        "sys.exit(main(['wait'], {'wait': Command('command_wait', '')}))"
    )
    running = subprocess.Popen([sys.executable, "-c", source], stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    assert running.stderr.readline() == "ready\n"
    running.send_signal(signal.SIGINT)
    _, rest = running.communicate(timeout=60)
    assert (running.returncode, rest) == (130, "robolearn: stopped by the keyboard\n")


def test_help_imports_no_heavy_library() -> None:
    source = (
        "import sys; from robolearn.cli.main import main; status = main(['--help'])\n"
        "heavy = {'torch', 'numpy', 'mujoco', 'zarr', 'rich', 'cv2'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else status)"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*name.split(), "--help"])
    assert ended.value.code == 0
    assert COMMANDS[name].summary in " ".join(capsys.readouterr().out.split())
