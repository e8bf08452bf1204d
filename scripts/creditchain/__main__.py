"""`python -m creditchain`: the same as the `creditchain` command."""

from creditchain.cli import main

if __name__ == "__main__":
    main()
