"""Pictures of the library as SVG, each with the same as a table. No Gradio, no scripts: dots and bars have titles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qa.atlas import FEWEST, Atlas
from qa.types import Hit, Overview
from qa.ui.draw import reading_link, text
from qa.ui.words import Words

MOST_BARS = 15
_COLOURS = 8  # sites told apart by colour; further ones share the last
_WIDTH, _HEIGHT, _EDGE = 800, 520, 16  # of the map


def overview_html(overview: Overview, words: Words) -> str:
    """How many articles there are by year, site, author and language, each as bars and as a table."""
    if not overview.years:
        return f'<p class="qa-empty">{text(words("overview.empty"))}</p>'
    parts = [f'<p class="qa-note">{text(words("overview.intro"))}</p><div class="qa-pictures">']
    parts.append(_columns(words("overview.years"), _years(overview.years, words), words))
    for name in ("sites", "authors", "languages"):
        counts = {key or words("overview.none"): number for key, number in getattr(overview, name).items()}
        if counts:
            parts.append(_bars(words(f"overview.{name}"), counts, words))
    return "".join([*parts, "</div>"])


def map_html(
    atlas: Atlas,
    words: Words,
    *,
    question: str = "",
    at: tuple[float, float] | None = None,
    hits: Sequence[Hit] = (),
) -> str:
    """The map, with the question where it falls and its hits marked and numbered, and these as a table."""
    sites = list(dict.fromkeys(place.site for place in sorted(atlas.places, key=lambda each: each.site)))
    by_size = sorted(sites, key=lambda site: -sum(place.site == site for place in atlas.places))
    colour = {site: min(number, _COLOURS - 1) for number, site in enumerate(by_size)}
    dots = "".join(
        f'<circle class="qa-dot-{colour[place.site]}" cx="{_x(place.x)}" cy="{_y(place.y)}" r="3">'
        f"<title>{text(place.title)}</title></circle>"
        for place in atlas.places
    )
    labels = "".join(
        f'<text x="{_x(region.x)}" y="{_y(region.y)}" text-anchor="middle">{text(region.label)}</text>'
        for region in atlas.regions
    )
    lit, rows = [], []
    for number, (hit, place) in enumerate(zip(hits, atlas.of_hits(hits), strict=True), 1):
        title = text(hit.article.title)
        rows.append(
            f'<tr><td>{number}</td><th scope="row" dir="auto"><a target="_blank" rel="noopener" '
            f'href="{text(reading_link(hit.article.id, hit.passage.start, hit.passage.end))}">{title}</a></th>'
            f'<td class="qa-count">{hit.score:.2f}</td></tr>'
        )
        if place is not None:
            x, y = _x(place.x), _y(place.y)
            lit.append(
                f'<g class="qa-lit"><circle cx="{x}" cy="{y}" r="10"><title>{title}</title></circle>'
                f'<text x="{x}" y="{y + 4}" text-anchor="middle">{number}</text></g>'
            )
    if at is not None:
        x, y = _x(at[0]), _y(at[1])
        said = text(words("overview.question", question=question))
        lit.append(f'<path class="qa-star" d="{_star(x, y)}"><title>{said}</title></path>')
    title = words("overview.map")
    legend = _legend(by_size, words)
    sampled = words("overview.sampled", n=f"{len(atlas.places):,}", total=f"{atlas.total:,}")
    asked = (
        f'<p class="qa-asked" dir="auto">★ {text(words("overview.question", question=question))}</p>'
        if question
        else ""
    )
    heads = (
        f'<th scope="col">№</th><th scope="col">{text(words("library.column_title"))}</th>'
        f'<th scope="col" class="qa-count">{text(words("overview.score"))}</th>'
    )
    table = (
        f'<details open><summary>{text(words("overview.map_table"))}</summary><div class="qa-table"><table><thead><tr>'
        f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div></details>"
    )
    regions = "".join(
        f'<tr><th scope="row" dir="auto">{text(region.label)}</th><td class="qa-count">{region.passages:,}</td></tr>'
        for region in sorted(atlas.regions, key=lambda each: -each.passages)
    )
    return (
        f'<figure class="qa-picture qa-map"><figcaption>{text(title)}</figcaption>{asked}'
        # It scrolls where there is little room.
        f'<div tabindex="0" role="region" aria-label="{text(title)}" dir="ltr">'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{text(title)}">'
        f'<g>{dots}</g><g class="qa-regions">{labels}</g>{"".join(lit)}</svg></div>'
        f'{legend}<p class="qa-note">{text(sampled)}</p>{table if rows else _hint(words)}'
        f"<details><summary>{text(words('overview.table'))}</summary>"
        f"{_table(words('overview.region'), words('library.column_passages'), regions)}</details></figure>"
    )


def few_html(words: Words) -> str:
    """Instead of a map of too few passages."""
    return f'<p class="qa-note" role="status">{text(words("overview.few", n=FEWEST))}</p>'


def _hint(words: Words) -> str:
    return f'<p class="qa-note">{text(words("overview.no_question"))}</p>'


def _years(years: Mapping[str, int], words: Words) -> dict[str, int]:
    """Every year from the first to the last, those without an article too; articles without a date last."""
    dated = [int(year) for year in years if year]
    counts = {str(year): years.get(f"{year:04}", 0) for year in range(min(dated), max(dated) + 1)} if dated else {}
    if "" in years:
        counts[words("overview.no_date")] = years[""]
    return counts


def _columns(title: str, counts: Mapping[str, int], words: Words) -> str:
    """A column a name, side by side."""
    most, width = max(counts.values()), max(240, 34 * len(counts))
    step = width / len(counts)
    every = max(1, round(len(counts) / 14))
    drawn = []
    for number, (name, count) in enumerate(counts.items()):
        height = 120 * count / most
        x = number * step
        drawn.append(
            f'<g><title>{text(name)}: {count:,}</title><rect x="{x + step * 0.15:.1f}" y="{140 - height:.1f}" '
            f'width="{step * 0.7:.1f}" height="{height:.1f}" rx="2"/>'
        )
        if count and step >= 14:
            drawn.append(f'<text x="{x + step / 2:.1f}" y="{134 - height:.1f}" text-anchor="middle">{count:,}</text>')
        if number % every == 0:
            drawn.append(f'<text x="{x + step / 2:.1f}" y="158" text-anchor="middle">{text(name)}</text>')
        drawn.append("</g>")
    return _figure(title, f"0 0 {width} 166", "".join(drawn), counts, words)


def _bars(title: str, counts: Mapping[str, int], words: Words) -> str:
    """A bar a name, one below the other; the rarest together in the last."""
    shown = dict(list(counts.items())[:MOST_BARS])
    if rest := list(counts.values())[MOST_BARS:]:
        shown[words("overview.others", n=f"{len(rest):,}")] = sum(rest)
    most = max(shown.values())
    drawn = []
    for number, (name, count) in enumerate(shown.items()):
        y, width = number * 24, 180 * count / most
        drawn.append(
            f'<g><title>{text(name)}: {count:,}</title><text x="172" y="{y + 16}" text-anchor="end">'
            f'{text(_short(name))}</text><rect x="180" y="{y + 4}" width="{width:.1f}" height="16" rx="2"/>'
            f'<text x="{186 + width:.1f}" y="{y + 16}">{count:,}</text></g>'
        )
    return _figure(title, f"0 0 410 {24 * len(shown)}", "".join(drawn), counts, words)


def _figure(title: str, box: str, drawn: str, counts: Mapping[str, int], words: Words) -> str:
    rows = "".join(
        f'<tr><th scope="row" dir="auto">{text(name)}</th><td class="qa-count">{count:,}</td></tr>'
        for name, count in counts.items()
    )
    return (
        f'<figure class="qa-picture"><figcaption>{text(title)}</figcaption>'
        f'<svg viewBox="{box}" role="img" aria-label="{text(title)}" style="max-width:{box.split()[2]}px" '
        f'direction="ltr">{drawn}</svg>'
        f"<details><summary>{text(words('overview.table'))}</summary>"
        f"{_table(words('overview.name'), words('overview.number'), rows)}</details></figure>"
    )


def _table(name: str, number: str, rows: str) -> str:
    return (
        f'<div class="qa-table"><table><thead><tr><th scope="col">{text(name)}</th><th scope="col" class="qa-count">'
        f"{text(number)}</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _legend(sites: Sequence[str], words: Words) -> str:
    items = "".join(
        f'<li><span class="qa-key qa-dot-{number}" aria-hidden="true"></span>'
        f'<span dir="auto">{text(site or words("overview.none"))}</span></li>'
        for number, site in enumerate(sites[: _COLOURS - 1 if len(sites) > _COLOURS else _COLOURS])
    )
    if len(sites) > _COLOURS:
        others = text(words("overview.others", n=len(sites) - _COLOURS + 1))
        items += f'<li><span class="qa-key qa-dot-{_COLOURS - 1}" aria-hidden="true"></span>{others}</li>'
    return f'<ul class="qa-legend">{items}</ul>'


def _short(name: str) -> str:
    return name if len(name) <= 26 else f"{name[:25]}…"


def _x(x: float) -> float:
    return round(_EDGE + x * (_WIDTH - 2 * _EDGE), 1)


def _y(y: float) -> float:
    return round(_EDGE + y * (_HEIGHT - 2 * _EDGE), 1)


def _star(x: float, y: float) -> str:
    return f"M{x} {y - 13}l3.8 8.3 9.1.9-6.8 6.1 1.9 9-8-4.6-8 4.6 1.9-9-6.8-6.1 9.1-.9z"
