"""A run made small enough to be gone through in seconds."""

from __future__ import annotations

import json
from pathlib import Path

import open_clip
import torch
from safetensors.torch import save_file

from tests.autonomy.rig import settings

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": [1, 1, 1, 1], "width": 8, "patch_size": None},
    "text_cfg": {"context_length": 32, "vocab_size": 49408, "width": 8, "heads": 2, "layers": 1},
}
SMALL = {
    "demos": "3",
    "steps": "30",
    "robot_steps": "60",
    "first_steps": "10",
    "episodes": "2",
    "variants": "2",
    "store_images": "false",
}


def tiny_config(folder: Path) -> Path:
    """A learning configuration with a tiny random tower."""
    torch.manual_seed(0)
    model = open_clip.CLIP(**TINY)
    (folder / "tower").mkdir()
    meta = {"model_cfg": TINY, "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.25] * 3}}
    (folder / "tower" / "open_clip_config.json").write_text(json.dumps(meta))
    weights = {name: value.contiguous() for name, value in model.state_dict().items() if value.is_floating_point()}
    save_file(weights, folder / "tower" / "open_clip_model.safetensors")
    path, _ = settings(folder, **SMALL)
    path.write_text(
        path.read_text().replace("tower: twin", f"tower: {folder / 'tower'}").replace("variants: 4", "variants: 2")
    )
    return path
