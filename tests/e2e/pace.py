"""How fast packets came, on a machine that may stand still now and then."""


def took_moving(at, gap):
    """From the first to the last of these times (seconds) without standing still: of a gap, no more than that counts.
    At a slower rate gaps are longer, or more, so gap is to be twice what is expected."""
    return sum(min(after - before, gap) for before, after in zip(at, at[1:]))
