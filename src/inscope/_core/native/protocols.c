/* The protocols of a proxy that are no operators: calls, classes, context managers,
 * buffers, coroutines, files. As in operators.c, each resolves and forwards.
 */
#include "forward.h"

/* Attributes: proxy.c has the others. */

PyObject *
proxy_dir(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *target = proxy_resolve(self);
    if (target == NULL) {
        return proxy_unbound(self) ? PyList_New(0) : NULL;
    }
    PyObject *result = PyObject_Dir(target);
    Py_DECREF(target);
    return result;
}

/* Class creation */

PyObject *
proxy_instancecheck(PyObject *self, PyObject *instance)
{
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return NULL;
    }
    int result = PyObject_IsInstance(instance, target);
    Py_DECREF(target);
    return result < 0 ? NULL : PyBool_FromLong(result);
}

PyObject *
proxy_subclasscheck(PyObject *self, PyObject *subclass)
{
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return NULL;
    }
    int result = PyObject_IsSubclass(subclass, target);
    Py_DECREF(target);
    return result < 0 ? NULL : PyBool_FromLong(result);
}

/* Callable objects */

PyObject *
proxy_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_Vectorcall(target, args, nargsf, names);
    Py_DECREF(target);
    return result;
}

/* Context managers */

THROUGH(enter, enter)
THROUGH_WITH(exit, leave)

/* Buffers: the view that is given is one of the object, which releases it. */

int
proxy_getbuffer(PyObject *self, Py_buffer *view, int flags)
{
    view->obj = NULL;
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return -1;
    }
    int result = -1;
    if (PyObject_CheckBuffer(target)) {
        result = PyObject_GetBuffer(target, view, flags);
    }
    else { /* in the words of memoryview(target) */
        PyErr_Format(PyExc_TypeError,
                     "memoryview: a bytes-like object is required, not '%.200s'",
                     Py_TYPE(target)->tp_name);
    }
    Py_DECREF(target);
    return result;
}

/* Coroutines */

PyObject *
proxy_await(PyObject *self)
{
    return through(self, proxy_state(self)->await_);
}

UNARY(aiter, PyObject_GetAIter)

static PyObject *
anext_of(PyObject *target)
{
    PyAsyncMethods *methods = Py_TYPE(target)->tp_as_async;
    if (methods == NULL || methods->am_anext == NULL) {
        PyErr_Format(PyExc_TypeError, "'%.200s' object is not an async iterator",
                     Py_TYPE(target)->tp_name);
        return NULL;
    }
    return methods->am_anext(target);
}

UNARY(anext, anext_of)
THROUGH(aenter, aenter)
THROUGH_WITH(aexit, aleave)

/* Files, size */

NAMED_UNARY(fspath, PyOS_FSPath)

static PyObject *
sizeof_of(PyObject *target)
{
    return PyObject_CallMethod((PyObject *)Py_TYPE(target), "__sizeof__", "O", target);
}

NAMED_UNARY(sizeof, sizeof_of)
