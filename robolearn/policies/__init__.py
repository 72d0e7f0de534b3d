"""Policies: a behaviour-cloned base with action chunks, and a per-step residual on any base."""
