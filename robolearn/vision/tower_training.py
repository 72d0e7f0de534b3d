"""Train a small open_clip model on pictures with generated captions.

Three losses share the image tower. The contrastive loss of CLIP (Radford et al. 2021) ties a picture to its caption.
The prompt loss picks the sentence for what is the case among all such sentences, as a reward model will. The read-out
loss asks a linear map of the features for the distances that the captions speak of: a contrast within one batch is
content with centimetres, a grasp is not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from robolearn.vision import readout
from robolearn.vision.pictures import Pictures
from robolearn.vision.tower import Tower

ARCHITECTURE: dict[str, Any] = {
    "embed_dim": 128,
    "vision_cfg": {"image_size": 128, "layers": [1, 2, 2, 1], "width": 16, "patch_size": None},
    "text_cfg": {"context_length": 48, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)

READOUT_SCENES = 16_000


@dataclass(frozen=True)
class TowerTraining:
    """Settings of a training run."""

    epochs: int = 6
    scenes_per_batch: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    prompt_weight: float = 1.0
    readout_weight: float = 4.0
    shift_pixels: int = 4
    threads: int = 2
    seed: int = 0


def train(pictures: Pictures, settings: TowerTraining, report: Callable[[dict[str, float]], None]) -> nn.Module:
    """A trained open_clip model in evaluation mode; ``report`` gets the losses now and then."""
    torch.manual_seed(settings.seed)
    torch.set_num_threads(settings.threads)
    model: nn.Module = open_clip.CLIP(**ARCHITECTURE).to(memory_format=torch.channels_last)
    tokenizer = open_clip.SimpleTokenizer(context_length=ARCHITECTURE["text_cfg"]["context_length"])
    tokens, sentences = tokenizer(list(pictures.captions)), tokenizer(list(pictures.sentences))
    readouts = nn.ModuleList(nn.Linear(ARCHITECTURE["embed_dim"], labels.shape[1]) for labels in pictures.metric)
    parameters = [*model.parameters(), *readouts.parameters()]
    optimiser = torch.optim.AdamW(parameters, settings.learning_rate, weight_decay=settings.weight_decay)
    steps = settings.epochs * (len(pictures.captions) // settings.scenes_per_batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.learning_rate, total_steps=steps, pct_start=0.1)
    rng = np.random.default_rng(settings.seed)
    for step, rows in enumerate(_batches(len(pictures.captions), settings)):
        losses = _losses(model, readouts, pictures, rows, tokens, sentences, settings, rng)
        loss = (
            losses["contrast"] + settings.prompt_weight * losses["prompt"] + settings.readout_weight * losses["readout"]
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
        if step % 20 == 0 or step == steps - 1:
            report({"step": step, "steps": steps, **{name: value.item() for name, value in losses.items()}})
    return model.eval()


def _batches(count: int, settings: TowerTraining) -> Iterator[NDArray[np.int64]]:
    rng = np.random.default_rng(settings.seed)
    size = settings.scenes_per_batch
    for _ in range(settings.epochs):
        order = rng.permutation(count)
        for start in range(0, count - size + 1, size):
            yield np.sort(order[start : start + size])


def _losses(
    model: nn.Module, readouts: nn.ModuleList, pictures: Pictures, rows: NDArray[np.int64],
    tokens: Tensor, sentences: Tensor, settings: TowerTraining, rng: np.random.Generator,
) -> dict[str, Tensor]:  # fmt: skip
    cameras = pictures.images.shape[1]
    images = pictures.images[rows].reshape(-1, *pictures.images.shape[2:])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        raw = model.encode_image(_augmented(images, settings.shift_pixels, rng))  # type: ignore[operator]
    features = raw.float().unflatten(0, (len(rows), cameras))
    texts = model.encode_text(torch.cat([tokens[rows], sentences]), normalize=True)  # type: ignore[operator]
    captions, phrases = texts[: len(rows)], texts[len(rows) :]
    scale = model.logit_scale.exp().clamp(max=100.0)  # type: ignore[operator]
    truth = torch.from_numpy(pictures.states[rows])
    same = (captions @ captions.T > 0.9999).float()
    target = same / same.sum(1, keepdim=True)
    losses = {"contrast": torch.zeros(()), "prompt": torch.zeros(()), "readout": torch.zeros(())}
    for camera in range(cameras):
        seen = functional.normalize(features[:, camera], dim=-1)
        logits = scale * seen @ captions.T
        losses["contrast"] += (
            functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)
        ) / 4
        losses["prompt"] += functional.cross_entropy(scale * seen @ phrases.T, truth) / 2
        wanted = torch.from_numpy(pictures.metric[camera][rows])
        losses["readout"] += functional.smooth_l1_loss(readouts[camera](features[:, camera]), wanted, beta=0.1) / 2
    return losses


def _augmented(images: NDArray[np.uint8], shift: int, rng: np.random.Generator) -> Tensor:
    """Pictures (N, H, W, 3) shifted, with another brightness, contrast and tint; normalised (N, 3, H, W) for CLIP."""
    count, height, width, _ = images.shape
    padded = np.pad(images, ((0, 0), (shift, shift), (shift, shift), (0, 0)), mode="edge")
    moved = np.empty_like(images)
    for index, (y, x) in enumerate(rng.integers(0, 2 * shift + 1, (count, 2))):
        moved[index] = padded[index, y : y + height, x : x + width]
    gain = 1.0 + 0.10 * rng.standard_normal((count, 1, 1, 1)) + 0.04 * rng.standard_normal((count, 3, 1, 1))
    offset = 0.05 * rng.standard_normal((count, 1, 1, 1))
    mean, std = np.array(MEAN).reshape(1, 3, 1, 1), np.array(STD).reshape(1, 3, 1, 1)
    scale = torch.from_numpy((gain / std / 255.0).astype(np.float32))
    moved_by = torch.from_numpy(((offset - mean) / std).astype(np.float32))
    return torch.from_numpy(moved).permute(0, 3, 1, 2) * scale + moved_by


def save(model: nn.Module, folder: Path) -> None:
    """Write an open_clip folder (configuration and half-precision safetensors) that ``local-dir:`` loads."""
    folder.mkdir(parents=True, exist_ok=True)
    preprocess = {"mean": MEAN, "std": STD, "interpolation": "bicubic", "resize_mode": "squash"}
    (folder / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": ARCHITECTURE, "preprocess_cfg": preprocess}, indent=2)
    )
    state = {
        name: value.detach().half().contiguous()
        for name, value in model.state_dict().items()
        if value.is_floating_point()
    }
    save_file(state, folder / "open_clip_model.safetensors")


def save_readouts(tower: Tower, pictures: Pictures, cameras: Sequence[str], folder: Path) -> None:
    """Fit the read-out of each camera on the features of the trained tower, and write them beside its weights."""
    maps = {}
    for number, camera in enumerate(cameras):
        views = pictures.images[:READOUT_SCENES, number]
        features = np.concatenate([tower.encode(list(views[at : at + 64])) for at in range(0, len(views), 64)])
        maps[camera], _ = readout.fit(features, pictures.metric[number][:READOUT_SCENES])
    readout.save(folder, maps)
