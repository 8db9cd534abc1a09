"""Run the command line with `python -m tariffimpact`."""

from tariffimpact.cli import main

if __name__ == "__main__":
    main()
