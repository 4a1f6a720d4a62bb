"""The process that paints: an SVG per line on its input, its PNG per line on its output.

It is run as a file and imports nothing of the house, so that it starts fast. The library ends a whole process where
memory does not suffice; this one may die.
"""

import base64
import json
import sys


def main() -> None:
    """Paint until the input ends."""
    import vl_convert

    for line in sys.stdin:
        asked = json.loads(line)["spec"]
        try:
            png = vl_convert.svg_to_png(asked["svg"], scale=asked["scale"])
            answer = {"svg": "", "png": base64.b64encode(png).decode()}
        except Exception as error:  # whatever the library raises is the answer
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
