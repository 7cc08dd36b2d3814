"""``Proxied``, the proxy that is seen in the type; checked, never run."""

# mypy: warn-unreachable

from __future__ import annotations

from typing import assert_type, final

from inscope import Proxied, Var, is_bound, proxy, unwrap


class Request:
    """Something without a truth value of its own."""

    path = "/"

    def copy(self) -> Request:
        """Return another."""
        return self


class RequestProxy(Proxied[Request], Request):
    """A Request, seen through a proxy."""


@final
class FinalProxy(Proxied[Request], Request):
    """One that no subclass can give a truth value."""


_request: Var[Request] = Var("request")
request = _request.proxy(like=RequestProxy)


def handle(request: Request) -> str:
    """Take a request."""
    return request.path


def test_like_gives_the_proxy_its_type() -> None:
    """By ``Var.proxy`` and by ``proxy()``."""
    assert_type(request, RequestProxy)
    assert_type(proxy(_request, like=RequestProxy), RequestProxy)
    assert_type(proxy(Request, like=RequestProxy), RequestProxy)
    assert_type(proxy(_request, Request.copy, like=RequestProxy), RequestProxy)


def test_it_is_its_object_and_a_proxy() -> None:
    """The object's attributes, and the two of the proxy."""
    assert_type(request.path, str)
    assert_type(handle(request), str)
    assert_type(request._get_current_object(), Request)
    assert_type(bool(request), bool)
    assert_type(is_bound(request), bool)


def test_unwrap_gives_the_object() -> None:
    """Typed as the class of the object, not of the proxy."""
    assert_type(unwrap(request), Request)
    assert_type(proxy(request), Request)
    assert_type(proxy(request, lambda r: r.path), str)


def test_if_not_request_is_code_that_runs() -> None:
    """Without ``Proxied.__bool__``, pyright would take every request for true."""
    assert_type(request or handle(Request()), RequestProxy | str)
    if not request:
        assert_type(request, RequestProxy)


def test_so_it_is_with_a_final_class(request: FinalProxy) -> None:
    """Of which mypy would report the block as unreachable."""
    assert_type(request or handle(Request()), FinalProxy | str)
    if not request:
        assert_type(request, FinalProxy)
