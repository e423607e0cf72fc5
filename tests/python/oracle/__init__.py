"""Compares a library that speaks PyTorch's API with PyTorch itself, call by call."""
