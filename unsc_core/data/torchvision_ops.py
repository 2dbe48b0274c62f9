"""Lets torchvision import beside a CPU-only torch.

torchvision registers fake kernels for two compiled operators when it is imported. Its compiled library
needs CUDA; beside a CPU-only torch it does not load, the operators do not exist and the import fails.
Declaring their schemas is enough. Where torch has CUDA the compiled library loads, and nothing is done.
Import this module before torchvision.
"""

import torch

if torch.version.cuda is None:
    _library = torch.library.Library("torchvision", "FRAGMENT")
    for _schema in (
        "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
        "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    ):
        _library.define(_schema)
