"""Installs the four import packages, the shipped configs and the files by which ROS 2 finds the package."""

from __future__ import annotations

from pathlib import Path

from setuptools import find_packages, setup

NAME = "robolearn"
ROOMS = ("robolearn", "drivers", "sim", "calibration")
DATA = ("c", "css", "html", "json", "rules", "safetensors", "stl", "xml", "yaml")
ON_ROS_WHEELS = '; python_version < "3.13" and platform_machine == "x86_64" and sys_platform == "linux"'
ROS = [
    f"{requirement}{ON_ROS_WHEELS}"
    for requirement in (
        "mcap>=1.6",
        "rosbags>=0.11",
        "ros-kilted-rclpy[fastrtps]>=9.1",
        "ros-builtin-interfaces>=2.3",
        "ros-diagnostic-msgs>=5.5",
        "ros-geometry-msgs>=5.5",
        "ros-lifecycle-msgs>=2.3",
        "ros-rcl-interfaces>=2.3",
        "ros-rclpy>=9.1",
        "ros-rosgraph-msgs>=2.3",
        "ros-sensor-msgs>=5.5",
        "ros-std-msgs>=5.5",
        "ros-std-srvs>=5.5",
        "ros-trajectory-msgs>=5.5",
    )
]
ARMS = [
    "dynamixel-sdk>=4.1",
    "feetech-servo-sdk>=1.0",
    "franky-control>=2.0",
    "pymodbus[serial]>=3.11",
    "pyserial>=3.5",
    "ur-rtde>=1.6.5",
]
NODES = (
    "arm_node", "camera_node", "scene_node", "twin_node", "safety_node", "teleop_node", "reward_node", "actor_node",
    "learner_node", "recorder_node", "supervisor_node",
)  # fmt: skip
INPUTS = ["evdev>=1.7", "pyrealsense2>=2.55", "pyspacemouse>=2.0"]

SHARED_CONFIGS = [  # colcon build --symlink-install leaves out a package that lies elsewhere, unless it is data too
    (f"share/{NAME}/{folder}", [str(path) for path in sorted(folder.glob("*.yaml"))])
    for folder in sorted(Path("configs").iterdir())
    if folder.is_dir()
]

setup(
    name=NAME,
    version="0.1.0",
    description="Robots that practise by themselves until they do the task, judged by what they see.",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=[
        *find_packages(include=[pattern for room in ROOMS for pattern in (room, f"{room}.*")]),
        "robolearn.configs",
    ],
    package_dir={"robolearn.configs": "configs"},
    package_data={"": ["py.typed", *(f"**/*.{suffix}" for suffix in DATA)]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        (f"share/{NAME}/launch", [str(path) for path in sorted(Path().glob("launch/*.launch.py"))]),
        *SHARED_CONFIGS,
    ],
    zip_safe=False,
    install_requires=[
        "daqp>=0.7",
        "google-crc32c>=1.5",
        "gymnasium>=1.0",
        "Jinja2>=3.1",
        "MarkupSafe>=2.1",
        "mink>=1.0",
        "mujoco>=4.0",
        "numba>=0.61",
        "numcodecs>=0.15",
        "numpy>=2.0",
        "open_clip_torch>=2.30",
        "opencv-python-headless>=4.11",
        "psutil>=6.0",
        "PyYAML>=6.0.1",
        "qpsolvers>=4.4",
        "rich>=13.7",
        "safetensors>=0.4.5",
        "scipy>=1.14",
        "torch>=2.6",
        "zarr>=3.1",
    ],
    extras_require={
        "arms": ARMS,
        "inputs": INPUTS,
        "ros": ROS,
        "dev": [
            *ARMS,
            *INPUTS,
            *ROS,
            "catkin_pkg>=1.0",
            "hypothesis>=6.100",
            "import-linter>=2.3",
            "mypy>=1.15",
            "pytest>=8.0",
            "pytest-timeout>=2.3",
            "pytest-xdist>=3.6",
            "ruff>=0.9",
            "setuptools>=77",
            "types-PyYAML>=6.0.12",
            "types-psutil>=6.0",
        ],
    },
    entry_points={
        "console_scripts": [
            "robolearn = robolearn.cli.main:main",
            *(f"{node} = robolearn.nodes.{node}:main" for node in NODES),
        ]
    },
)
