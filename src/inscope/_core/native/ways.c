/* The ways from a proxy to its object: one function for each kind of source.
 *
 *     a ContextVar      its value
 *     a Var             the value in its cell; else made, or missing
 *     a Local, a name   the attribute of that name
 *     a LocalStack      its top
 *     another proxy     its object
 *     a function        what it returns: a callable, or the path of a _core/source.py
 *
 * A proxy is given its way once, when it is made; each operation takes it anew.
 */
#include "proxy.h"
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
    PyObject *found;
    return PyContextVar_Get(proxy->holder, NULL, &found) < 0 ? NULL : found;
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
