"""``Proxied``: the class behind a proxy, as annotations see it."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


class Proxied(Generic[T_co]):
    """A mixin for annotations: the class of the object, seen through a proxy.

    Combined with the object's class it tells a type checker of the two methods
    that the proxy has besides: without ``__bool__``, ``if not request:`` would
    count as code that never runs. Never instantiated.

    Example:
        >>> from inscope import Proxied, Var
        >>> class Request:
        ...     path = "/"
        >>> class RequestProxy(Proxied[Request], Request): ...
        >>> _request: Var[Request] = Var("request")
        >>> request = _request.proxy(like=RequestProxy)  # typed: RequestProxy
        >>> bool(request)
        False
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Proxied[T_co]:
        message = f"{cls.__name__} is for annotations; make the proxy with proxy()"
        raise TypeError(message)

    def _get_current_object(self) -> T_co:
        raise NotImplementedError

    def __bool__(self) -> bool:
        raise NotImplementedError
