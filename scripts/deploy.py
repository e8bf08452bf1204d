"""Deploy a region with one member and a key epoch: `brownie run deploy`, or `python scripts/deploy.py`.

`tools.walkthrough` describes the environment variables.
"""

from tools.walkthrough import walkthrough


def main() -> None:
    with walkthrough() as steps:
        steps.deploy()


if __name__ == "__main__":
    main()
