"""`python -m flow_pipeline` is the `netraflow` command."""

from flow_pipeline.cli import main

if __name__ == "__main__":
    main()
