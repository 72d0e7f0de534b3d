"""The image tower: one frozen open_clip model, run once per frame; policy and reward share its output."""
