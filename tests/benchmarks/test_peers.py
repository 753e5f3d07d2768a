"""Tests of benchmarks/peers.py: the networks of others have the shapes that were published."""

import pytest
import torch

from benchmarks.peers import PEERS


@pytest.mark.parametrize(("who", "millions", "channels"), [("DeOldify (video)", 218.2, 3), ("DDColor-tiny", 55.0, 2)])
def test_the_networks_of_others_are_as_large_as_they_were_published(who: str, millions: float, channels: int) -> None:
    """As many parameters as the published weights have, and colours at the size of the input."""
    with torch.device("meta"):
        network = PEERS[who]().eval()
        answer = network(torch.zeros(1, 3, network.size, network.size))
    assert sum(one.numel() for one in network.parameters()) / 1e6 == pytest.approx(millions, rel=0.005)
    assert answer.shape == (1, channels, network.size, network.size)
