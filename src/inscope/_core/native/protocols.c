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
    if ((target = proxy_begin_with(target)) == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_Dir(target);
    proxy_end(target);
    return result;
}

/* Class creation */

PyObject *
proxy_instancecheck(PyObject *self, PyObject *instance)
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return NULL;
    }
    int result = PyObject_IsInstance(instance, target);
    proxy_end(target);
    return result < 0 ? NULL : PyBool_FromLong(result);
}

PyObject *
proxy_subclasscheck(PyObject *self, PyObject *subclass)
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return NULL;
    }
    int result = PyObject_IsSubclass(subclass, target);
    proxy_end(target);
    return result < 0 ? NULL : PyBool_FromLong(result);
}

/* Callable objects */

PyObject *
proxy_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_Vectorcall(target, args, nargsf, names);
    proxy_end(target);
    return result;
}

/* Context managers: the methods are looked up on the type, as a statement does it. What
 * has none is left to Python, where the statement itself says so. */

/* Call a special method of stack[0] with the count arguments after it. */
static PyObject *
call_special(PyObject *method, PyObject *const *stack, size_t count)
{
    if (PyType_HasFeature(Py_TYPE(method), Py_TPFLAGS_METHOD_DESCRIPTOR)) {
        return PyObject_Vectorcall(method, stack, count + 1, NULL);
    }
    descrgetfunc get = Py_TYPE(method)->tp_descr_get;
    if (get == NULL) {
        return PyObject_Vectorcall(method, stack + 1, count, NULL);
    }
    PyObject *bound = get(method, stack[0], (PyObject *)Py_TYPE(stack[0]));
    if (bound == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_Vectorcall(bound, stack + 1, count, NULL);
    Py_DECREF(bound);
    return result;
}

static PyObject *
enter_by(PyObject *self, PyObject *enter, PyObject *exit, PyObject *in_python)
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *method = _PyType_LookupRef(Py_TYPE(target), enter);
    PyObject *other = _PyType_LookupRef(Py_TYPE(target), exit);
    PyObject *result = method != NULL && other != NULL
                           ? call_special(method, &target, 0)
                           : PyObject_CallOneArg(in_python, target);
    Py_XDECREF(method);
    Py_XDECREF(other);
    proxy_end(target);
    return result;
}

static PyObject *
leave_by(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *exit,
         PyObject *in_python)
{
    PyObject *stack[FEW + 1];
    if (fill(stack, self, args, count) < 0) {
        return NULL;
    }
    PyObject *method = _PyType_LookupRef(Py_TYPE(stack[0]), exit);
    PyObject *result =
        method != NULL
            ? call_special(method, stack, (size_t)count)
            : PyObject_Vectorcall(in_python, stack, (size_t)count + 1, NULL);
    Py_XDECREF(method);
    proxy_end(stack[0]);
    return result;
}

PyObject *
proxy_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    State *state = proxy_state(self);
    return enter_by(self, state->dunder_enter, state->dunder_exit, state->enter);
}

PyObject *
proxy_exit(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = proxy_state(self);
    return leave_by(self, args, count, state->dunder_exit, state->leave);
}

PyObject *
proxy_aenter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    State *state = proxy_state(self);
    return enter_by(self, state->dunder_aenter, state->dunder_aexit, state->aenter);
}

PyObject *
proxy_aexit(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    State *state = proxy_state(self);
    return leave_by(self, args, count, state->dunder_aexit, state->aleave);
}

/* Buffers: the view that is given is one of the object, which releases it. */

int
proxy_getbuffer(PyObject *self, Py_buffer *view, int flags)
{
    view->obj = NULL;
    PyObject *target = proxy_begin(self);
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
    proxy_end(target);
    return result;
}

/* Coroutines */

PyObject *
proxy_await(PyObject *self)
{
    PyObject *target = proxy_begin(self), *iterator = NULL;
    if (target == NULL) {
        return NULL;
    }
    PyAsyncMethods *methods = Py_TYPE(target)->tp_as_async;
    int can = methods != NULL && methods->am_await != NULL;
    if (can) {
        iterator = methods->am_await(target);
    }
    if (!can || (iterator != NULL && !PyIter_Check(iterator))) {
        Py_XDECREF(iterator); /* 'await' itself says what is wrong, if anything is */
        iterator = PyObject_CallOneArg(proxy_state(self)->await_, target);
    }
    proxy_end(target);
    return iterator;
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

/* Files, size */

NAMED_UNARY(fspath, PyOS_FSPath)

PyObject *
proxy_sizeof(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_CallMethodOneArg(
        (PyObject *)Py_TYPE(target), proxy_state(self)->dunder_sizeof, target);
    proxy_end(target);
    return result;
}
