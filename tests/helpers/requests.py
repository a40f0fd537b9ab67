"""Requests of a run whose configuration does not matter."""

from omegaconf import OmegaConf

from conf.request import Request


def asked(command: str) -> Request:
    """Return a request that this command could have made."""
    return Request(OmegaConf.create({}), command=command)
