"""Noise out of speech: RNNoise, log-MMSE, and when to use which."""

from media_pipeline.stages.denoise.clean import denoise
from media_pipeline.stages.denoise.plan import Heard, Plan, listen, plan_for
from media_pipeline.stages.denoise.stage import DENOISED

__all__ = ["DENOISED", "Heard", "Plan", "denoise", "listen", "plan_for"]
