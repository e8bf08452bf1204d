"""Deploys a region with one member and a key epoch: `brownie run deploy`, or `python scripts/deploy.py`.

See `creditchain.walkthrough` for what the environment may name.
"""

from creditchain.walkthrough import walkthrough


def main() -> None:
    with walkthrough() as steps:
        steps.deploy()


if __name__ == "__main__":
    main()
