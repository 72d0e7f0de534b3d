"""How figures are written in the report and on the terminal; what was not measured is said to be so."""

from __future__ import annotations

NOT_MEASURED = "not measured"


def percent(share: float | None) -> str:
    """0.975 as "97.5 %"; below one percent with two decimals."""
    if share is None:
        return NOT_MEASURED
    return f"{_short(100 * share, 2 if share < 0.01 else 1)}\N{NO-BREAK SPACE}%"


def interval(bounds: tuple[float, float] | None) -> str:
    """(0.888, 0.99) as "88.8 to 99.0 %"."""
    if bounds is None:
        return NOT_MEASURED
    return f"{100 * bounds[0]:.1f} to {100 * bounds[1]:.1f}\N{NO-BREAK SPACE}%"


def duration(seconds: float | None) -> str:
    """754 as "12 min 34 s"; below a minute with one decimal."""
    if seconds is None:
        return NOT_MEASURED
    if seconds < 59.95:
        return f"{_short(seconds, 1)}\N{NO-BREAK SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] + [f"{rest} s"] * (not hours)
    return " ".join(parts).replace(" ", "\N{NO-BREAK SPACE}")


def minutes(value: float | None) -> str:
    """18.25 as "18.2 min"."""
    return NOT_MEASURED if value is None else f"{_short(value, 1)}\N{NO-BREAK SPACE}min"


def times(ratio: float | None) -> str:
    """1.5 as "1.5×"."""
    return NOT_MEASURED if ratio is None else f"{_short(ratio, 2)}×"


def milliseconds(value: float) -> str:
    """Three significant digits, no exponent."""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def count(value: int | None) -> str:
    """12345 as "12,345"."""
    return NOT_MEASURED if value is None else f"{value:,}"


def plain(value: str | float | bool | None) -> str:
    """A value or a bar as it stands; floats to six significant digits."""
    if value is None:
        return NOT_MEASURED
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _short(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
