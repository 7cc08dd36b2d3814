/* The ways from a proxy to its object: one function for each kind of source.
 *
 *     a ContextVar      its value
 *     a Var             the value in its cell; else made, or missing
 *     a Local, a name   the attribute of that name
 *     a LocalStack      its top
 *     a scope's class   its innermost active scope
 *     a name of one     the attribute of that name of what another proxy finds
 *     another proxy     its object
 *     a function        what it returns: a callable, or the path of a _core/source.py
 *
 * A proxy is given its way once, when it is made; each operation takes it anew.
 */
#include "proxy.h"
#include "scope.h"
#include "stack.h"
#include "var.h"

/* Before __init__. */
PyObject *
find_nothing(Proxy *Py_UNUSED(proxy))
{
    return NULL;
}

PyObject *
find_in_context_var(Proxy *proxy)
{
    return context_var_value(proxy->holder);
}

/* A way on which Python may run, and call __init__ again. */
static inline PyObject *
find_holding(Proxy *proxy, PyObject *(*step)(PyObject *))
{
    PyObject *holder = Py_NewRef(proxy->holder);
    PyObject *found = step(holder);
    Py_DECREF(holder);
    return found;
}

static PyObject *
find_in_var(Proxy *proxy)
{
    return find_holding(proxy, var_value);
}

static PyObject *
find_in_stack(Proxy *proxy)
{
    return find_holding(proxy, stack_top);
}

static PyObject *
find_in_slot(Proxy *proxy)
{
    return find_holding(proxy, slot_find);
}

/* The holder is a proxy of our own, without a name, that nobody else has. */
static PyObject *
find_attribute(Proxy *proxy)
{
    PyObject *holder = Py_NewRef(proxy->holder), *name = Py_NewRef(proxy->detail);
    PyObject *owner = proxy_resolve(holder), *found = NULL;
    if (owner != NULL) {
        found = PyObject_GetAttr(owner, name);
        Py_DECREF(owner);
    }
    Py_DECREF(holder);
    Py_DECREF(name);
    return found;
}

static PyObject *
find_in_local(Proxy *proxy)
{
    PyObject *local = Py_NewRef(proxy->holder), *name = Py_NewRef(proxy->detail);
    PyObject *found = PyObject_GetAttr(local, name);
    Py_DECREF(local);
    Py_DECREF(name);
    return found;
}

/* A way that may be long: through Python, or through many proxies. */
static PyObject *
find_guarded(Proxy *proxy, PyObject *(*step)(PyObject *))
{
    if (Py_EnterRecursiveCall(" while resolving a LocalProxy")) {
        return NULL;
    }
    PyObject *found = find_holding(proxy, step);
    Py_LeaveRecursiveCall();
    return found;
}

static PyObject *
find_behind_proxy(Proxy *proxy)
{
    return find_guarded(proxy, proxy_target);
}

static PyObject *
find_by_call(Proxy *proxy)
{
    return find_guarded(proxy, PyObject_CallNoArgs);
}

static const struct {
    const char *name;
    Way find;
} ways[] = {
    {"context_var", find_in_context_var}, {"var", find_in_var},
    {"local", find_in_local},             {"stack", find_in_stack},
    {"slot", find_in_slot},               {"attribute", find_attribute},
    {"proxy", find_behind_proxy},         {"call", find_by_call},
};

/* The way that native/proxy.py calls so; NULL with an error if there is none. */
Way
way_named(PyObject *name)
{
    for (size_t index = 0; index < sizeof(ways) / sizeof(ways[0]); index++) {
        if (PyUnicode_CompareWithASCIIString(name, ways[index].name) == 0) {
            return ways[index].find;
        }
    }
    PyErr_Format(PyExc_ValueError, "no way to an object is called %R", name);
    return NULL;
}

/* Taking a way: __init__ does, and may do it again */

#ifdef Py_GIL_DISABLED

/* Another thread may be on its way: what a proxy was first made from stays, and a
 * second __init__ makes another proxy, to which the first leads from then on. */
static Proxy *
replacement(Proxy *proxy)
{
    Proxy *other;
    Py_BEGIN_CRITICAL_SECTION(proxy);
    other = (Proxy *)Py_XNewRef((PyObject *)proxy->replaced_by);
    Py_END_CRITICAL_SECTION();
    return other;
}

static PyObject *
find_in_replacement(Proxy *proxy)
{
    Proxy *other = replacement(proxy);
    PyObject *found = proxy_resolve((PyObject *)other);
    Py_DECREF((PyObject *)other);
    return found;
}

void
way_set(Proxy *proxy, Way find)
{
    _Py_atomic_store_ptr_release((void **)&proxy->find, (void *)find);
}

/* The proxy that has the way now: a strong reference. */
Proxy *
way_holder(Proxy *proxy)
{
    Proxy *other = replacement(proxy);
    return other == NULL ? (Proxy *)Py_NewRef((PyObject *)proxy) : other;
}

#else

void
way_set(Proxy *proxy, Way find)
{
    proxy->find = find;
}

Proxy *
way_holder(Proxy *proxy)
{
    return (Proxy *)Py_NewRef((PyObject *)proxy);
}

#endif

/* Take the way to the object; what was there goes when all of it is replaced. */
static void
take_way(Proxy *proxy, Way find, PyObject *holder, PyObject *detail, PyObject *source)
{
    PyObject *old[] = {proxy->holder, proxy->detail, proxy->source};
    proxy->holder = Py_NewRef(holder);
    proxy->detail = detail == Py_None ? NULL : Py_NewRef(detail);
    proxy->source = Py_NewRef(source);
    way_set(proxy, find);
    for (int index = 0; index < 3; index++) {
        Py_XDECREF(old[index]);
    }
}

/* Take the way for the first time, or in the place of another; -1 on failure. */
int
way_take(Proxy *proxy, Way find, PyObject *holder, PyObject *detail, PyObject *source)
{
#ifdef Py_GIL_DISABLED
    if (proxy->holder != NULL) {
        Proxy *other = (Proxy *)proxy_new(proxy_state((PyObject *)proxy)->bare_proxy,
                                          NULL, NULL);
        if (other == NULL) {
            return -1;
        }
        take_way(other, find, holder, detail, source);
        Py_BEGIN_CRITICAL_SECTION(proxy);
        other->replaced_by = proxy->replaced_by; /* which may be in use, too */
        proxy->replaced_by = other;
        Py_END_CRITICAL_SECTION();
        way_set(proxy, find_in_replacement);
        return 0;
    }
#endif
    take_way(proxy, find, holder, detail, source);
    return 0;
}
