"""Reward models: what a vision-language tower sees, judged as success, failure, or not sure."""
