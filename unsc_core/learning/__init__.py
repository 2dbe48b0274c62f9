"""Samples on a device, the training loops, and the labels that unlearning teaches."""
