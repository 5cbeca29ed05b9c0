"""Noise out of speech: RNNoise, log-MMSE, and when to use which."""

from media_pipeline.stages.denoise.clean import blind_snr, denoise, plan_for
from media_pipeline.stages.denoise.stage import DENOISED

__all__ = ["DENOISED", "blind_snr", "denoise", "plan_for"]
