"""The bind of the native core: what of it is not hot, handed to ``_native``."""

from __future__ import annotations

from inscope._core.bind import ENTERED, LEFT, NEW, Bind, report_foreign
from inscope._core.cells import mend
from inscope._core.native._native import configure, make_var_bind

__all__ = ["VarBind"]

configure(
    mend=mend, report_foreign=report_foreign, state_names=(NEW, ENTERED, ENTERED, LEFT)
)
VarBind = make_var_bind(Bind)
VarBind.__doc__ = Bind.__doc__
