/* Which function is which special method: the slots of LocalProxy, and the methods of
 * the same names that shaped proxies are put together from (_core/shape.py).
 *
 * Both come from the lists of slots.h, so a special method is there, in both, as soon
 * as it has its line there and its function in operators.c or protocols.c.
 */
#include "arguments.h"
#include "proxy.h"

/* The slots of LocalProxy */

static PyMethodDef named_methods[] = {
#define ALONE(name) {"__" #name "__", proxy_##name, METH_NOARGS, NULL},
#define WITH_ONE(name) {"__" #name "__", proxy_##name, METH_O, NULL},
#define WITH_SOME(name) {"__" #name "__", FAST_METHOD(proxy_##name), METH_FASTCALL, NULL},
    NAMED_ALONE(ALONE)
    NAMED_WITH_ONE(WITH_ONE)
    NAMED_WITH_SOME(WITH_SOME)
    {"__init_subclass__", FAST_METHOD(local_proxy_init_subclass),
     METH_VARARGS | METH_KEYWORDS | METH_CLASS, NULL},
    {NULL},
};

static PyMemberDef members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(Proxy, vectorcall), Py_READONLY,
     NULL},
    {NULL},
};

#define ROW(slot, name) {Py_##slot, proxy_##name},
PyType_Slot proxy_operator_slots[] = {
    UNARY_SLOTS(ROW)
    BINARY_SLOTS(ROW)
    INPLACE_SLOTS(ROW)
    OTHER_SLOTS(ROW)
    {Py_tp_richcompare, proxy_richcompare},
    {Py_tp_call, PyVectorcall_Call},
    {Py_sq_length, proxy_len},
    {Py_sq_item, proxy_item},
    {Py_sq_ass_item, proxy_setindex},
    {Py_mp_ass_subscript, proxy_setitem},
    LIFE_SLOTS,
    {Py_tp_new, local_proxy_new},
    {Py_tp_methods, named_methods},
    {Py_tp_members, members},
    {0, NULL},
};
#undef ROW

/* The slots of the type above it, which ABCs do not see: ProxyType.__mro__. */

static PyMethodDef unclaimed_methods[] = {
    {"__fspath__", proxy_fspath, METH_NOARGS, NULL},
    {NULL},
};

PyType_Slot proxy_unclaimed_slots[] = {
    LIFE_SLOTS,
    {Py_bf_getbuffer, proxy_getbuffer},
    {Py_tp_methods, unclaimed_methods},
    {0, NULL},
};

/* The methods of shaped proxies */

#define METHOD(name)                                                           \
    static PyObject *method_##name(PyObject *self, PyObject *Py_UNUSED(ignored)) \
    {                                                                          \
        return proxy_##name(self);                                             \
    }
#define ROW(slot, name) METHOD(name)
UNARY_SLOTS(ROW)
#undef ROW

#define ROW(operation, name)                                                   \
    static PyObject *method_##name(PyObject *self, PyObject *other)            \
    {                                                                          \
        return proxy_richcompare(self, other, operation);                      \
    }
COMPARISONS(ROW)
#undef ROW

static PyObject *
method_delattr(PyObject *self, PyObject *name)
{
    return proxy_setattro(self, name, NULL) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
method_hash(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    Py_hash_t hash = proxy_hash(self);
    return hash == -1 ? NULL : PyLong_FromSsize_t(hash);
}

static PyObject *
method_bool(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    int truth = proxy_bool(self);
    return truth < 0 ? NULL : PyBool_FromLong(truth);
}

static PyObject *
method_next(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *item = proxy_next(self);
    if (item == NULL && !PyErr_Occurred()) {
        PyErr_SetNone(PyExc_StopIteration);
    }
    return item;
}

static PyObject *
method_len(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    Py_ssize_t length = proxy_len(self);
    return length < 0 ? NULL : PyLong_FromSsize_t(length);
}

static PyObject *
method_contains(PyObject *self, PyObject *item)
{
    int found = proxy_contains(self, item);
    return found < 0 ? NULL : PyBool_FromLong(found);
}

static PyObject *
method_setitem(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_Format(PyExc_TypeError, "expected 2 arguments, got %zd", count);
        return NULL;
    }
    return proxy_setitem(self, args[0], args[1]) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
method_delitem(PyObject *self, PyObject *key)
{
    return proxy_setitem(self, key, NULL) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
power_of(PyObject *self, PyObject *const *args, Py_ssize_t count, int reflected)
{
    if (count != 1 && count != 2) {
        PyErr_Format(PyExc_TypeError, "expected 1 or 2 arguments, got %zd", count);
        return NULL;
    }
    PyObject *modulo = count == 2 ? args[1] : Py_None;
    return reflected ? reflect_pow(self, args[0], modulo)
                     : forward_pow(self, args[0], modulo);
}

static PyObject *
method_pow(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    return power_of(self, args, count, 0);
}

static PyObject *
method_rpow(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    return power_of(self, args, count, 1);
}

static PyObject *
method_ipow(PyObject *self, PyObject *exponent)
{
    return proxy_ipow(self, exponent, Py_None);
}

static PyObject *
method_call(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return proxy_vectorcall(self, args, (size_t)count, names);
}

static PyObject *
method_buffer(PyObject *self, PyObject *Py_UNUSED(flags))
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *view = PyMemoryView_FromObject(target);
    proxy_end(target);
    return view;
}

#define FAST(name, function)                                                   \
    {"__" #name "__", FAST_METHOD(function), METH_FASTCALL, NULL}

static PyMethodDef shaped[] = {
#define ROW(slot, name) {"__" #name "__", method_##name, METH_NOARGS, NULL},
    UNARY_SLOTS(ROW)
#undef ROW
#define ROW(slot, name)                                                        \
    {"__" #name "__", forward_##name, METH_O, NULL},                           \
    {"__r" #name "__", reflect_##name, METH_O, NULL},
    BINARY_SLOTS(ROW)
#undef ROW
#define ROW(slot, name) {"__" #name "__", proxy_##name, METH_O, NULL},
    INPLACE_SLOTS(ROW)
#undef ROW
#define ROW(operation, name) {"__" #name "__", method_##name, METH_O, NULL},
    COMPARISONS(ROW)
#undef ROW
#define ALONE(name) {"__" #name "__", proxy_##name, METH_NOARGS, NULL},
#define WITH_ONE(name) {"__" #name "__", proxy_##name, METH_O, NULL},
#define WITH_SOME(name) {"__" #name "__", FAST_METHOD(proxy_##name), METH_FASTCALL, NULL},
    NAMED_ALONE(ALONE)
    NAMED_WITH_ONE(WITH_ONE)
    NAMED_WITH_SOME(WITH_SOME)
    {"__delattr__", method_delattr, METH_O, NULL},
    {"__hash__", method_hash, METH_NOARGS, NULL},
    {"__bool__", method_bool, METH_NOARGS, NULL},
    {"__next__", method_next, METH_NOARGS, NULL},
    {"__len__", method_len, METH_NOARGS, NULL},
    {"__getitem__", proxy_getitem, METH_O, NULL},
    {"__contains__", method_contains, METH_O, NULL},
    {"__delitem__", method_delitem, METH_O, NULL},
    {"__ipow__", method_ipow, METH_O, NULL},
    {"__fspath__", proxy_fspath, METH_NOARGS, NULL},
    {"__buffer__", method_buffer, METH_O, NULL},
    FAST(setitem, method_setitem),
    FAST(pow, method_pow),
    FAST(rpow, method_rpow),
    {"__call__", FAST_METHOD(method_call),
     METH_FASTCALL | METH_KEYWORDS, NULL},
    {NULL},
};

/* The methods, by name. */
PyObject *
shape_methods(State *state)
{
    PyObject *methods = PyDict_New();
    for (PyMethodDef *def = shaped; methods != NULL && def->ml_name != NULL; def++) {
        PyObject *method = PyDescr_NewMethod(state->bare_proxy, def);
        if (method == NULL || PyDict_SetItemString(methods, def->ml_name, method) < 0) {
            Py_CLEAR(methods);
        }
        Py_XDECREF(method);
    }
    return methods;
}
