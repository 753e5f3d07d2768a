"""The settings of the web page, which a process of its own serves."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, IPvAnyNetwork, NonNegativeInt, PositiveInt, SecretStr, field_validator

from colorizer.settings import Section

_SHORTEST_TOKEN = 16
"""Characters: a shorter token could be guessed."""


def _off_of(value: object) -> object:
    """`off`, which YAML takes for false."""
    return "off" if value is False else value


Address = Annotated[str, BeforeValidator(_off_of)]
"""Where a server listens: off, or HOST:PORT."""


class Web(Section):
    """The web page."""

    address: Address = Field(
        default="127.0.0.1:8470",
        pattern=r"^(off|(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5})$",
        description="off or HOST:PORT, such as 127.0.0.1:8470",
    )
    """off, or HOST:PORT. Other machines can only reach it with a token that is set here, or through a proxy."""
    root_path: str = Field(
        default="", pattern=r"^(/[\w.~-]+)*$", description="empty or a path that begins with a slash, such as /tintd"
    )
    """The path under which a reverse proxy shows the page; empty: its root."""
    hosts: tuple[str, ...] = ()
    """Further names of this machine, under which browsers may ask for the page."""
    token: SecretStr = SecretStr("auto")
    """What people log in with and programs send; auto: one is made in the state folder, for loopback addresses."""
    users_header: Annotated[str, Field(pattern=r"^[A-Za-z][\w-]*$", description="the name of a header")] | None = None
    """The header in which a trusted proxy names the user who has logged in there."""
    trusted_proxies: tuple[IPvAnyNetwork, ...] = ()
    """Addresses or networks of the proxies whose headers are believed."""
    previews_mib: NonNegativeInt = 512
    """Most space for previews in the state folder; the oldest are deleted."""
    upload_mib: PositiveInt = 51_200
    """Largest file that can be uploaded."""

    @field_validator("token")
    @classmethod
    def _is_long(cls, token: SecretStr) -> SecretStr:
        text = token.get_secret_value()
        if text != "auto" and len(text) < _SHORTEST_TOKEN:
            raise ValueError(f"must be auto, or have {_SHORTEST_TOKEN} characters or more")
        return token

    @property
    def is_off(self) -> bool:
        """Whether there is no page."""
        return self.address == "off"

    @property
    def host(self) -> str:
        """The host of the address, without the brackets of an IPv6 address."""
        return self.address.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port of the address; 0: any that is free."""
        return int(self.address.rpartition(":")[2])
