"""Run the command line with `python -m formreader`."""

from formreader.cli import main

if __name__ == "__main__":
    main()
