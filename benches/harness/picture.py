"""A bar chart as SVG, without a library: one group of bars a workload, on a logarithmic scale around the peer's time."""

import math
from xml.sax.saxutils import escape

COLOURS = {"remex": "#1f6feb", "jimsh": "#b08800", "molt": "#8a8f98"}
LEFT, WIDTH, BAR, GAP, TOP = 150, 560, 9, 9, 64
LOW, HIGH = 0.05, 20.0


def across(ratio):
    """The distance of a ratio from the left end of the scale."""
    share = (math.log10(min(max(ratio, LOW), HIGH)) - math.log10(LOW)) / (math.log10(HIGH) - math.log10(LOW))
    return share * WIDTH


def chart(rows, names, title):
    """SVG text. `rows`: [(workload, {name: ratio or None})], `names`: the bars of each workload, in order."""
    step = len(names) * BAR + GAP
    height = TOP + len(rows) * step + 30
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">'
           % (LEFT + WIDTH + 90, height),
           '<rect width="100%" height="100%" fill="white"/>',
           '<text x="10" y="20" font-size="15" font-weight="bold">%s</text>' % escape(title)]
    x = 10
    for name in names:
        out.append('<rect x="%d" y="30" width="10" height="10" fill="%s"/><text x="%d" y="39">%s</text>' % (x, COLOURS[name], x + 14, name))
        x += 80
    for tick in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20):
        at = LEFT + across(tick)
        out.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s"/>' % (at, TOP - 6, at, height - 24, "#333" if tick == 1 else "#ddd"))
        out.append('<text x="%.1f" y="%d" text-anchor="middle" fill="#555">%g</text>' % (at, height - 10, tick))
    for number, (workload, ratios) in enumerate(rows):
        top = TOP + number * step
        out.append('<text x="%d" y="%.1f" text-anchor="end">%s</text>' % (LEFT - 8, top + step / 2, escape(workload)))
        for place, name in enumerate(names):
            y, ratio = top + place * BAR, ratios.get(name)
            if ratio is None:
                out.append('<text x="%d" y="%.1f" font-size="8" fill="#999">%s: does not run it</text>' % (LEFT + 3, y + BAR - 1, name))
                continue
            wide = across(ratio)
            out.append('<rect x="%d" y="%.1f" width="%.1f" height="%d" fill="%s"/>' % (LEFT, y, wide, BAR - 1, COLOURS[name]))
            out.append('<text x="%.1f" y="%.1f" font-size="8">%.2f</text>' % (LEFT + wide + 3, y + BAR - 2, ratio))
    out.append("</svg>")
    return "\n".join(out) + "\n"
