/* What most special methods of a proxy consist of: resolve, operate, release. */
#ifndef INSCOPE_FORWARD_H
#define INSCOPE_FORWARD_H

#include "proxy.h"

static inline PyObject *
unary(PyObject *self, PyObject *(*operation)(PyObject *))
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *result = operation(target);
    proxy_end(target);
    return result;
}

typedef PyObject *(*Operation)(PyObject *, PyObject *);

/* p + other */
static inline PyObject *
forward(PyObject *self, PyObject *other, Operation operation)
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *result = operation(target, other);
    proxy_end(target);
    return result;
}

/* other + p */
static inline PyObject *
reflect(PyObject *self, PyObject *other, Operation operation)
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *result = operation(other, target);
    proxy_end(target);
    return result;
}

/* The slot of LocalProxy: either operand may be one, and the left one is looked at
 * first. A shaped proxy on the left is none: it is here since it has no such method. */
static inline PyObject *
binary(PyObject *left, PyObject *right, Operation operation)
{
    return local_proxy_check(left) ? forward(left, right, operation)
                                   : reflect(right, left, operation);
}

/* The same object: the name stays the proxy. A new one: the name gets it. */
static inline PyObject *
kept(PyObject *self, PyObject *target, PyObject *result)
{
    if (result != target) {
        return result;
    }
    Py_DECREF(result);
    return Py_NewRef(self);
}

static inline PyObject *
inplace(PyObject *self, PyObject *other, Operation operation)
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *result = kept(self, target, operation(target, other));
    proxy_end(target);
    return result;
}

/* Call a function of the standard library, or a helper in Python, with the object. */
static inline PyObject *
through(PyObject *self, PyObject *function)
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_CallOneArg(function, target);
    proxy_end(target);
    return result;
}

/* Arguments after the object: with statements have three, round() one. */
enum { FEW = 4 };

/* The object of self, a strong reference, and the arguments after it; -1 on failure. */
static inline int
fill(PyObject **stack, PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    if (count > FEW) {
        PyErr_Format(PyExc_TypeError, "expected at most %d arguments, got %zd", FEW, count);
        return -1;
    }
    for (Py_ssize_t index = 0; index < count; index++) {
        stack[index + 1] = args[index];
    }
    stack[0] = proxy_begin(self);
    return stack[0] == NULL ? -1 : 0;
}

/* As through(), with arguments. */
static inline PyObject *
through_with(PyObject *self, PyObject *function, PyObject *const *args, Py_ssize_t count)
{
    PyObject *stack[FEW + 1];
    if (fill(stack, self, args, count) < 0) {
        return NULL;
    }
    PyObject *result = PyObject_Vectorcall(function, stack, (size_t)count + 1, NULL);
    proxy_end(stack[0]);
    return result;
}

#define UNARY(name, operation)                                                 \
    PyObject *proxy_##name(PyObject *self)                              \
    {                                                                          \
        return unary(self, operation);                                         \
    }
#define NAMED_UNARY(name, operation)                                           \
    PyObject *proxy_##name(PyObject *self, PyObject *Py_UNUSED(ignored)) \
    {                                                                          \
        return unary(self, operation);                                         \
    }
#define WITH_OTHER(name, operation)                                            \
    PyObject *proxy_##name(PyObject *self, PyObject *other)                    \
    {                                                                          \
        return forward(self, other, operation);                                \
    }
#define BINARY(name, operation)                                                \
    PyObject *proxy_##name(PyObject *left, PyObject *right)                    \
    {                                                                          \
        return binary(left, right, operation);                                 \
    }                                                                          \
    PyObject *forward_##name(PyObject *self, PyObject *other)                  \
    {                                                                          \
        return forward(self, other, operation);                                \
    }                                                                          \
    PyObject *reflect_##name(PyObject *self, PyObject *other)                  \
    {                                                                          \
        return reflect(self, other, operation);                                \
    }
#define INPLACE(name, operation)                                               \
    PyObject *proxy_##name(PyObject *self, PyObject *other)             \
    {                                                                          \
        return inplace(self, other, operation);                                \
    }
#define THROUGH(name, helper)                                                  \
    PyObject *proxy_##name(PyObject *self, PyObject *Py_UNUSED(ignored)) \
    {                                                                          \
        return through(self, proxy_state(self)->helper);                       \
    }
#define THROUGH_WITH(name, helper)                                             \
    PyObject *proxy_##name(PyObject *self, PyObject *const *args,       \
                                  Py_ssize_t count)                            \
    {                                                                          \
        return through_with(self, proxy_state(self)->helper, args, count);     \
    }

#endif
