"""The Var of the native core: what of it is not hot, handed to ``_native``."""

from __future__ import annotations

from inscope._core.native._native import BareVar, configure, make_token
from inscope._core.native.bind import VarBind
from inscope._core.token import AnyToken, refuse_reset, refuse_token

__all__ = ["BareVar", "Token", "VarBind"]

configure(
    no_value=AnyToken.MISSING,
    refuse_token=refuse_token,
    refuse_reset=refuse_reset,
)
Token = make_token(AnyToken)
Token.__doc__ = AnyToken.__doc__
