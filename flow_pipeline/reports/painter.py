"""The process that draws: a chart per line on its input, its SVG and PNG per line on its output.

It is run as a file and imports nothing of the house, so that it starts fast. V8 ends a whole process on what it can not
draw; this one may die.
"""

import base64
import json
import sys


def main() -> None:
    """Draw until the input ends."""
    import vl_convert

    for line in sys.stdin:
        asked = json.loads(line)
        try:
            svg = str(vl_convert.vegalite_to_svg(asked["spec"]))
            png = vl_convert.svg_to_png(svg, scale=1.5) if asked["png"] else b""
            answer = {"svg": svg, "png": base64.b64encode(png).decode()}
        except Exception as error:  # whatever the library raises is the answer
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
