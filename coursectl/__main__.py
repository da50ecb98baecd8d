"""`python -m coursectl`."""

from coursectl.cli import main

if __name__ == "__main__":
    main()
