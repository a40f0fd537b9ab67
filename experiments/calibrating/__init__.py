"""What serves a calibration."""
