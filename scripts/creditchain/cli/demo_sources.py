"""Who publishes what in the demonstration."""

from __future__ import annotations

from dataclasses import dataclass

# Numbers of nodes among the 26 members that ship (data/members/yrd.json). On a local chain dev:N acts for node N, and
# for the nodes that node N hosts.
PLATFORM = 5
REGISTRY = 15
#: Enterprises whose use of power and whose taxes are published too; all that are registered would take minutes.
FOLLOWED = 100


@dataclass(frozen=True, slots=True)
class DemoSource:
    """A source that publishes, what, and with whose development key."""

    name: str
    zh: str
    node: int
    signer: int
    product: str

    @property
    def file(self) -> str:
        """Name of its upload."""
        return f"{self.product.partition('/')[0]}.jsonl"


SOURCES = (
    DemoSource("A regulator publishes registrations", "市场监管部门发布登记信息", REGISTRY, 15, "registry-basic/1"),
    DemoSource("A power company publishes monthly usage", "电力公司发布用电信息", 17, 17, "power-usage/1"),
    DemoSource("A tax authority publishes taxes paid", "税务部门发布纳税信息", 26, 8, "tax-payment/1"),
)
