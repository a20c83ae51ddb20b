"""Everything that is kept of a caller: found, erased and reported as one operation over all stores (Ley 1581 of 2012).

`number` knows how a number may be written, `stores` what each place has to do, `erasure` leads, `report` tells what was
done in Spanish and English. The figures stay: calls keep an opaque key that leads to nobody any more.
"""
