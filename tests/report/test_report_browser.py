"""The pages in headless Chromium, with name resolution blocked."""

import re

import pytest
from hostile import HOSTILE, hostile_report
from sonde_reading import read

from sonde.report import ReportData, render_report, render_strips

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_figure_is_drawn_and_the_console_is_silent(browser, report, theme):
    dom, console = browser.open(render_report(report, theme=theme))
    assert console == []
    for place in ("layers", "roc", "det", "scores", "calibration", "transfer"):
        drawn = dom[dom.index(f'id="plot-{place}"') :]
        assert '<svg class="main-svg"' in drawn[: drawn.index("</figure>")]
    assert dom.count('class="scatterlayer') == 6


@pytest.mark.parametrize("with_policy", [True, False])
def test_hostile_text_is_inert_and_visible(browser, with_policy):
    html = render_report(hostile_report())
    if not with_policy:
        html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    dom, console = browser.open(html)
    assert console == []
    dom = dom[: dom.index("/**\n* plotly.js")] + dom[dom.rindex("</script>") :]
    reader = read(dom)
    assert dom[dom.index("<title>") :].startswith("<title>sonde report: deception")
    assert not {"img", "textarea"} & set(reader.tags)
    assert not [v for _, v in reader.attributes if v and v.startswith("javascript:")]
    assert not [k for k, _ in reader.attributes if k.startswith("on")]
    assert reader.tags.count("script") == 7
    assert "U+202E" in dom
    assert "U+200B" in dom
    assert "\u202e" not in dom
    assert "\u200b" not in dom
    assert "&lt;script&gt;document.title" in dom
    assert dom.count('class="scatterlayer') == 6


def test_hostile_strips_are_inert_and_visible(browser):
    strips = [s for v in hostile_report().strips.values() for s in v]
    dom, console = browser.open(render_strips(strips, HOSTILE, 1.0, HOSTILE))
    reader = read(dom)
    assert console == []
    assert not {"img", "script", "a", "textarea"} & (set(reader.tags) - {"a"})
    assert reader.tags.count("a") == 1
    assert "pwned" in reader.text
    assert "\u202e" not in dom


def test_at_phone_width_the_page_does_not_scroll_sideways(browser, report):
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", render_report(report))
    inner = html.replace(
        "</body>",
        "<script>let e = document.documentElement; parent.postMessage(e.scrollWidth - e.clientWidth, '*')</script>",
    )
    (browser.folder / "inner.html").write_text(inner, encoding="utf-8")
    frame = (
        "<script>onmessage = (e) => { document.title = 'too wide by ' + e.data; }</script>"
        '<iframe src="inner.html" style="width:360px;height:800px;border:0"></iframe>'
    )
    dom, _ = browser.open(frame)
    assert "<title>too wide by 0</title>" in dom


def test_the_report_follows_the_system_where_no_theme_is_fixed(browser, report):
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", render_report(ReportData(report.run)))
    html = html.replace(
        "</body>", "<script>document.title = getComputedStyle(document.body).backgroundColor</script></body>"
    )
    light, _ = browser.run(html, "--dump-dom", "--blink-settings=preferredColorScheme=1")
    dark, _ = browser.run(html, "--dump-dom", "--blink-settings=preferredColorScheme=0")
    assert "<title>rgb(251, 251, 248)</title>" in light
    assert "<title>rgb(19, 21, 25)</title>" in dark


def test_the_report_prints(browser, report):
    target = browser.folder / "page.pdf"
    browser.run(render_report(report), f"--print-to-pdf={target}", "--no-pdf-header-footer")
    assert target.read_bytes()[:5] == b"%PDF-"
