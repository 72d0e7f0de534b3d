"""A frozen open_clip model: pictures and sentences to features of one space."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import open_clip
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from robolearn.contracts import Float, Float32, Image
from robolearn.errors import BorderError, ModelError
from robolearn.vision import readout
from robolearn.vision.fusing import fused

SHIPPED = Path(__file__).parent / "towers"


class Tower:
    """Encodes pictures and sentences. Features of pictures keep their length: it carries information.

    Pictures go through the GPU where torch has one, all else through the processor."""

    def __init__(
        self,
        model: nn.Module,
        tokenize: open_clip.SimpleTokenizer,
        preprocess: dict[str, object],
        name: str,
        readouts: Mapping[str, Float32],
    ) -> None:
        """``readouts`` are maps (dim, K) by camera, see :mod:`robolearn.vision.readout`."""
        self.name = name
        self._readouts = readouts
        self._model = model.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self._tokenize = tokenize
        size = preprocess["size"]
        self._height, self._width = (size, size) if isinstance(size, int) else tuple(size)  # type: ignore[arg-type]
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        mean, std = np.array(preprocess["mean"]), np.array(preprocess["std"])
        self._scale, self._offset = self._each_channel(1.0 / std / 255.0), self._each_channel(-mean / std)
        self._half = _has_bfloat16(self._device)
        example = torch.zeros(1, 3, self._height, self._width)
        visual = fused(self._model.visual, example)  # type: ignore[arg-type]
        self._visual = visual.to(self._device).to(memory_format=torch.channels_last)
        self.dim = int(self.encode([np.zeros((self._height, self._width, 3), np.uint8)]).shape[1])
        self.id = self._fingerprint()

    @staticmethod
    def load(name: str) -> Tower:
        """A shipped tower ("twin"), a folder in open_clip's format, or a tag "ViT-B-32:laion2b_s34b_b79k".

        Raises ModelError if the weights are missing or damaged."""
        folder = SHIPPED / name if (SHIPPED / name).is_dir() else Path(name)
        architecture, _, tag = name.partition(":")
        try:
            if folder.is_dir():
                schema = f"local-dir:{folder}"
                model, _, _ = open_clip.create_model_and_transforms(schema, require_pretrained=True)
                tokenizer = open_clip.get_tokenizer(schema)
            else:
                model, _, _ = open_clip.create_model_and_transforms(
                    architecture, pretrained=tag or None, require_pretrained=True
                )
                tokenizer = open_clip.get_tokenizer(architecture)
        except (RuntimeError, OSError, ValueError, KeyError, SafetensorError) as cause:
            raise ModelError(
                f"cannot load the image tower {name!r}: {cause}. Give a shipped tower "
                f"({', '.join(shipped())}), a folder with "
                "open_clip_config.json and open_clip_model.safetensors, or a tag architecture:pretrained of open_clip."
            ) from cause
        readouts = readout.load(folder) if folder.is_dir() else {}
        return Tower(model, tokenizer, open_clip.get_model_preprocess_cfg(model), name, readouts)

    def readout(self, cameras: Sequence[str]) -> Float32:
        """What a policy should read out of the features: maps (C, dim, K), the identity for a tower without any."""
        return readout.stacked(self._readouts, cameras, self.dim)

    @torch.inference_mode()
    def encode(self, pictures: Sequence[Image]) -> Float32:
        """Features (N, dim) of RGB pictures, each (H, W, 3) uint8 of any size."""
        shapes = {picture.shape for picture in pictures}
        if any(len(shape) != 3 or shape[2] != 3 for shape in shapes) or any(p.dtype != np.uint8 for p in pictures):
            raise BorderError(f"tower {self.name}: expected RGB pictures (H, W, 3) uint8, got shapes {sorted(shapes)}")
        resized = np.stack([self.resized(picture) for picture in pictures])
        pixels = torch.from_numpy(resized).to(self._device).permute(0, 3, 1, 2).float()
        with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=self._half):
            features: Tensor = self._visual(pixels * self._scale + self._offset)
        return features.float().cpu().numpy()

    @torch.inference_mode()
    def encode_text(self, sentences: Sequence[str]) -> Float32:
        """Unit features (N, dim) of sentences."""
        texts: Tensor = self._model.encode_text(self._tokenize(list(sentences)), normalize=True)  # type: ignore[operator]
        return texts.float().numpy()

    def resized(self, picture: Image) -> Image:
        """A picture (H, W, 3) at the size that the model sees; :meth:`encode` does so too."""
        if picture.shape[:2] == (self._height, self._width):
            return picture
        return np.asarray(cv2.resize(picture, (self._width, self._height), interpolation=cv2.INTER_AREA), np.uint8)

    def _each_channel(self, values: Float) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self._device).view(1, 3, 1, 1)

    def _fingerprint(self) -> str:
        """Hash of the weights: cached features of another tower are told apart by it."""
        digest = hashlib.sha256()
        for name, value in sorted(self._model.state_dict().items()):
            digest.update(name.encode())
            digest.update(value.float().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]


def _has_bfloat16(device: torch.device) -> bool:
    """True if ``device`` multiplies bfloat16 itself: half the time for features that differ by about 1 %."""
    return torch.cuda.is_bf16_supported() if device.type == "cuda" else bool(torch.cpu._is_avx512_bf16_supported())


def shipped() -> list[str]:
    """Names of the towers that come with robolearn."""
    return sorted(folder.name for folder in SHIPPED.iterdir() if (folder / "open_clip_config.json").is_file())
