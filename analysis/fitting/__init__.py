"""The mathematics of calibration: smoother, surrogate and posterior."""
