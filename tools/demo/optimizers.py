"""The optimisers, the learning rate schedule, and the running mean of the weights."""

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import CLIPModel

WARM_UP_STEPS = 60


def rate_share(step: int, steps: int) -> float:
    """Return the rate at a step relative to the peak: a warm-up, a plateau, and a linear decay over the last 60 %."""
    return min(1.0, (step + 1) / WARM_UP_STEPS, 0.01 + (steps - step) / (0.6 * steps))


def optimizers_of(model: CLIPModel, muon_rate: float, adamw_rate: float) -> list[torch.optim.Optimizer]:
    """Return Muon (Jordan et al. 2024) for the matrices of the layers, and AdamW for all else."""
    inner = {name for name, p in model.named_parameters() if p.ndim == 2 and ".layers." in name}
    matrices = [p for name, p in model.named_parameters() if name in inner]
    others = [p for name, p in model.named_parameters() if name not in inner]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Muon(matrices, lr=muon_rate, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=adamw_rate, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.0),
    ]
    for optimizer in optimizers:
        optimizer.param_groups[0]["peak_lr"] = optimizer.param_groups[0]["lr"]
    return optimizers


def averaged(model: CLIPModel) -> AveragedModel:
    """Return the running mean of the model over some fifty steps: it is better than any single step's model."""
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.98))  # type: ignore[no-untyped-call] # torch's
