"""Text from data that tries to be markup, script, or invisible, and values that are full of it."""

from example import example_report

from sonde.report import ReportData, TokenStrip

HOSTILE = (
    "</script></style></title></textarea>--><script>document.title='pwned'</script>"
    "<img src=x onerror=\"document.title='pwned'\"><a href=\"javascript:document.title='pwned'\">x</a>"
    "\"'`&lt;%{x}\u202eevil\u200b\u2066"
)


def spoil(value, at=""):
    """Put the hostile text into every string of a JSON-like value, keys of tests and baselines included."""
    if isinstance(value, str):
        return value + HOSTILE
    if isinstance(value, dict):
        names = at in ("test", "baselines", "versions")
        return {key + HOSTILE if names else key: spoil(v, key) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [spoil(v) for v in value]
    return value


def hostile_report():
    data = example_report()
    strips = {
        name + HOSTILE: [
            TokenStrip(
                s.example_id + HOSTILE,
                s.class_name + HOSTILE,
                s.score,
                tuple(t + HOSTILE for t in s.tokens),
                s.scores,
                tuple(r + HOSTILE for r in s.roles),
            )
            for s in given
        ]
        for name, given in data.strips.items()
    }
    test = {name + HOSTILE: scores for name, scores in data.test.items()}
    sweep = [dict(row, site=row["site"] + HOSTILE, probe=row["probe"] + HOSTILE) for row in data.sweep]
    return ReportData(spoil(data.run), sweep, test, data.control, strips)
