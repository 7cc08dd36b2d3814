"""Global names for local state: each thread, task and greenlet sees its own value."""

from inscope._core import CORE, core
from inscope.errors import (
    BindStateError,
    ForeignContextError,
    ForeignTokenError,
    MissingExtraError,
    NotALocalError,
    ProxyNotInitializedError,
    TokenUsedError,
    UnboundAttributeError,
    UnboundError,
    UnboundNameError,
    UnboundVarError,
)
from inscope.manager import LocalManager, get_ident, release_local
from inscope.var import (
    Proxied,
    Token,
    Var,
    bind,
    bound,
    is_bound,
    is_proxy,
    proxy,
    pushed,
    unwrap,
)

Local = core.Local
LocalProxy = core.LocalProxy
LocalStack = core.LocalStack

__all__ = [
    "CORE",
    "BindStateError",
    "ForeignContextError",
    "ForeignTokenError",
    "Local",
    "LocalManager",
    "LocalProxy",
    "LocalStack",
    "MissingExtraError",
    "NotALocalError",
    "Proxied",
    "ProxyNotInitializedError",
    "Token",
    "TokenUsedError",
    "UnboundAttributeError",
    "UnboundError",
    "UnboundNameError",
    "UnboundVarError",
    "Var",
    "bind",
    "bound",
    "get_ident",
    "is_bound",
    "is_proxy",
    "proxy",
    "pushed",
    "release_local",
    "unwrap",
]
