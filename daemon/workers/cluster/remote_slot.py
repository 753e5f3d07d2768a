"""A slot of the cluster as the service sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(eq=False, slots=True)
class RemoteSlot:
    """A slot, and the attempt that it has."""

    node: str = "no node"
    """Node and process, for people."""
    is_ready: bool = False
    reason: str | None = None
    """Why it is not ready."""
    unseen: frozenset[Path] = frozenset()
    """Inputs of the watched folders that its node cannot use."""
    attempt: int = 0
    """Number of the latest attempt."""
    is_busy: bool = False
    """Whether the attempt has not ended on the node."""
    keys: list[int] = field(default_factory=list)
    """Pieces of work that have not ended."""
    last_message_at: float = 0.0
    """When it last reported, by the monotonic clock."""
