"""Samples on a device, the training loops, and the labels used for unlearning."""
