"""`python -m stream` is `huiying`."""

from stream.cli import main

if __name__ == "__main__":
    main()
