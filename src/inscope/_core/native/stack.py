"""The stack of the native core: what of it is not hot, handed to ``_native``."""

from __future__ import annotations

from inscope._core.native._native import BareStack, configure, make_stack_view
from inscope._core.stack_view import View, pop_from_list, push_on_list, top_of_list

__all__ = ["BOTTOM", "BareStack", "StackView"]

configure(
    push_on_list=push_on_list,
    pop_from_list=pop_from_list,
    top_of_list=top_of_list,
)
StackView, BOTTOM = make_stack_view(View)
StackView.__doc__ = View.__doc__
