/* The special methods of a proxy: each resolves, and does on the object what the
 * statement would do on it.
 *
 * One line for each, in the order of _core/special_methods.py, which says what
 * is forwarded and why the rest is not. ``slots.h`` says which slots of a type
 * they fill, and under which names a shaped proxy has them.
 */
#include "core.h"
#include "slots.h"

#include <structmember.h>

/* Forwarding: target, operation, release. */

static PyObject *
unary(PyObject *self, PyObject *(*operation)(PyObject *))
{
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *result = operation(target);
    Py_DECREF(target);
    return result;
}

/* Either operand may be the proxy: the left one is looked at first. */
static PyObject *
binary(PyObject *left, PyObject *right, PyObject *(*operation)(PyObject *, PyObject *))
{
    PyObject *result;
    if (proxy_check(left)) {
        PyObject *target = proxy_target(left);
        if (target == NULL) {
            return NULL;
        }
        result = operation(target, right);
        Py_DECREF(target);
    }
    else {
        PyObject *target = proxy_target(right);
        if (target == NULL) {
            return NULL;
        }
        result = operation(left, target);
        Py_DECREF(target);
    }
    return result;
}

/* The same object: the name stays the proxy. A new one: the name gets it. */
static PyObject *
kept(PyObject *self, PyObject *target, PyObject *result)
{
    if (result != target) {
        return result;
    }
    Py_DECREF(result);
    return Py_NewRef(self);
}

static PyObject *
inplace(PyObject *self, PyObject *other, PyObject *(*operation)(PyObject *, PyObject *))
{
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *result = kept(self, target, operation(target, other));
    Py_DECREF(target);
    return result;
}

/* Call a function of the standard library, or a helper in Python, with the object. */
static PyObject *
through(PyObject *self, PyObject *function)
{
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_CallOneArg(function, target);
    Py_DECREF(target);
    return result;
}

/* The same with arguments after the object, of which there are few. */
static PyObject *
through_with(PyObject *self, PyObject *function, PyObject *const *args, Py_ssize_t count)
{
    PyObject *stack[5];
    if (count > 4) {
        PyErr_Format(PyExc_TypeError, "expected at most 4 arguments, got %zd", count);
        return NULL;
    }
    stack[0] = proxy_target(self);
    if (stack[0] == NULL) {
        return NULL;
    }
    for (Py_ssize_t index = 0; index < count; index++) {
        stack[index + 1] = args[index];
    }
    PyObject *result = PyObject_Vectorcall(function, stack, (size_t)count + 1, NULL);
    Py_DECREF(stack[0]);
    return result;
}

#define UNARY(name, operation)                                                 \
    static PyObject *proxy_##name(PyObject *self)                              \
    {                                                                          \
        return unary(self, operation);                                         \
    }
#define NAMED_UNARY(name, operation)                                           \
    static PyObject *proxy_##name(PyObject *self, PyObject *Py_UNUSED(ignored)) \
    {                                                                          \
        return unary(self, operation);                                         \
    }
#define BINARY(name, operation)                                                \
    static PyObject *proxy_##name(PyObject *left, PyObject *right)             \
    {                                                                          \
        return binary(left, right, operation);                                 \
    }
#define INPLACE(name, operation)                                               \
    static PyObject *proxy_##name(PyObject *self, PyObject *other)             \
    {                                                                          \
        return inplace(self, other, operation);                                \
    }
#define THROUGH(name, helper)                                                  \
    static PyObject *proxy_##name(PyObject *self, PyObject *Py_UNUSED(ignored)) \
    {                                                                          \
        return through(self, proxy_state(self)->helper);                       \
    }
#define THROUGH_WITH(name, helper)                                             \
    static PyObject *proxy_##name(PyObject *self, PyObject *const *args,       \
                                  Py_ssize_t count)                            \
    {                                                                          \
        return through_with(self, proxy_state(self)->helper, args, count);     \
    }

/* Basic customization */

static PyObject *
unbound_repr(PyObject *self)
{
    PyObject *name = PyType_GetName(Py_TYPE(self));
    if (name == NULL) {
        return NULL;
    }
    PyObject *result = PyUnicode_FromFormat("<%U unbound>", name);
    Py_DECREF(name);
    return result;
}

static PyObject *
proxy_repr(PyObject *self)
{
    PyObject *target = proxy_resolve(self);
    if (target == NULL) {
        return proxy_unbound(self) ? unbound_repr(self) : NULL;
    }
    PyObject *result = PyObject_Repr(target);
    Py_DECREF(target);
    return result;
}

UNARY(str, PyObject_Str)
static PyObject *
bytes_of(PyObject *target)
{
    return PyObject_CallOneArg((PyObject *)&PyBytes_Type, target);
}

NAMED_UNARY(bytes, bytes_of)
BINARY(format, PyObject_Format)

static PyObject *
proxy_richcompare(PyObject *self, PyObject *other, int operation)
{
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_RichCompare(target, other, operation);
    Py_DECREF(target);
    return result;
}

static Py_hash_t
proxy_hash(PyObject *self)
{
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return -1;
    }
    Py_hash_t result = PyObject_Hash(target);
    Py_DECREF(target);
    return result;
}

static int
proxy_bool(PyObject *self)
{
    PyObject *target = proxy_resolve(self);
    if (target == NULL) {
        return proxy_unbound(self) ? 0 : -1;
    }
    int result = PyObject_IsTrue(target);
    Py_DECREF(target);
    return result;
}

/* Attributes: proxy.c has the others. */

static PyObject *
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

static PyObject *
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

static PyObject *
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

/* Containers */

static Py_ssize_t
proxy_len(PyObject *self)
{
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return -1;
    }
    Py_ssize_t result = PyObject_Size(target);
    Py_DECREF(target);
    return result;
}

static PyObject *
proxy_length_hint(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return NULL;
    }
    Py_ssize_t result = PyObject_LengthHint(target, 0);
    Py_DECREF(target);
    return result < 0 ? NULL : PyLong_FromSsize_t(result);
}

BINARY(getitem, PyObject_GetItem)

static PyObject *
proxy_item(PyObject *self, Py_ssize_t index)
{
    PyObject *key = PyLong_FromSsize_t(index);
    if (key == NULL) {
        return NULL;
    }
    PyObject *result = proxy_getitem(self, key);
    Py_DECREF(key);
    return result;
}

static int
proxy_setitem(PyObject *self, PyObject *key, PyObject *value)
{
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return -1;
    }
    int result = value == NULL ? PyObject_DelItem(target, key)
                               : PyObject_SetItem(target, key, value);
    Py_DECREF(target);
    return result;
}

static int
proxy_setindex(PyObject *self, Py_ssize_t index, PyObject *value)
{
    PyObject *key = PyLong_FromSsize_t(index);
    if (key == NULL) {
        return -1;
    }
    int result = proxy_setitem(self, key, value);
    Py_DECREF(key);
    return result;
}

UNARY(iter, PyObject_GetIter)

static PyObject *
next_of(PyObject *target)
{
    if (!PyIter_Check(target)) {
        PyErr_Format(PyExc_TypeError, "'%.200s' object is not an iterator",
                     Py_TYPE(target)->tp_name);
        return NULL;
    }
    return Py_TYPE(target)->tp_iternext(target);
}

UNARY(next, next_of)

static PyObject *
reversed_of(PyObject *target)
{
    return PyObject_CallOneArg((PyObject *)&PyReversed_Type, target);
}

NAMED_UNARY(reversed, reversed_of)

static int
proxy_contains(PyObject *self, PyObject *item)
{
    PyObject *target = proxy_target(self);
    if (target == NULL) {
        return -1;
    }
    int result = PySequence_Contains(target, item);
    Py_DECREF(target);
    return result;
}

/* Numbers */

BINARY(add, PyNumber_Add)
BINARY(sub, PyNumber_Subtract)
BINARY(mul, PyNumber_Multiply)
BINARY(matmul, PyNumber_MatrixMultiply)
BINARY(truediv, PyNumber_TrueDivide)
BINARY(floordiv, PyNumber_FloorDivide)
BINARY(mod, PyNumber_Remainder)
BINARY(divmod, PyNumber_Divmod)
BINARY(lshift, PyNumber_Lshift)
BINARY(rshift, PyNumber_Rshift)
BINARY(and, PyNumber_And)
BINARY(xor, PyNumber_Xor)
BINARY(or, PyNumber_Or)

INPLACE(iadd, PyNumber_InPlaceAdd)
INPLACE(isub, PyNumber_InPlaceSubtract)
INPLACE(imul, PyNumber_InPlaceMultiply)
INPLACE(imatmul, PyNumber_InPlaceMatrixMultiply)
INPLACE(itruediv, PyNumber_InPlaceTrueDivide)
INPLACE(ifloordiv, PyNumber_InPlaceFloorDivide)
INPLACE(imod, PyNumber_InPlaceRemainder)
INPLACE(ilshift, PyNumber_InPlaceLshift)
INPLACE(irshift, PyNumber_InPlaceRshift)
INPLACE(iand, PyNumber_InPlaceAnd)
INPLACE(ixor, PyNumber_InPlaceXor)
INPLACE(ior, PyNumber_InPlaceOr)

static PyObject *
power(PyObject *base, PyObject *exponent)
{
    return PyNumber_Power(base, exponent, Py_None);
}

static PyObject *
inplace_power(PyObject *base, PyObject *exponent)
{
    return PyNumber_InPlacePower(base, exponent, Py_None);
}

/* The object of a proxy; of anything else, itself. A chain is one resolution. */
static PyObject *
plain(PyObject *object)
{
    return proxy_check(object) ? proxy_target(object) : Py_NewRef(object);
}

/* Any of the three may be the proxy. With a modulo int asks for real ints, so
 * all of them are resolved. */
static PyObject *
proxy_pow(PyObject *base, PyObject *exponent, PyObject *modulo)
{
    if (modulo == Py_None) {
        return binary(base, exponent, power);
    }
    PyObject *result = NULL, *real[3] = {NULL, NULL, NULL};
    if ((real[0] = plain(base)) != NULL && (real[1] = plain(exponent)) != NULL &&
        (real[2] = plain(modulo)) != NULL) {
        result = PyNumber_Power(real[0], real[1], real[2]);
    }
    Py_XDECREF(real[0]);
    Py_XDECREF(real[1]);
    Py_XDECREF(real[2]);
    return result;
}

static PyObject *
proxy_ipow(PyObject *self, PyObject *exponent, PyObject *Py_UNUSED(modulo))
{
    return inplace(self, exponent, inplace_power);
}

UNARY(neg, PyNumber_Negative)
UNARY(pos, PyNumber_Positive)
UNARY(abs, PyNumber_Absolute)
UNARY(invert, PyNumber_Invert)

static PyObject *
complex_of(PyObject *target)
{
    return PyObject_CallOneArg((PyObject *)&PyComplex_Type, target);
}

NAMED_UNARY(complex, complex_of)
UNARY(int, PyNumber_Long)
UNARY(float, PyNumber_Float)
UNARY(index, PyNumber_Index)
THROUGH_WITH(round, round)
THROUGH(trunc, trunc)
THROUGH(floor, floor)
THROUGH(ceil, ceil)

/* Context managers */

THROUGH(enter, enter)
THROUGH_WITH(exit, leave)

/* Buffers: the view that is given is one of the object, which releases it. */

static int
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

static PyObject *
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

/* The slots of LocalProxy */

static PyMethodDef named_methods[] = {
#define ROW(name, how) {"__" #name "__", (PyCFunction)(void (*)(void))proxy_##name, how, NULL},
    NAMED(ROW)
#undef ROW
    {"__init_subclass__", (PyCFunction)(void (*)(void))local_proxy_init_subclass,
     METH_VARARGS | METH_KEYWORDS | METH_CLASS, NULL},
    {NULL},
};

static PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Proxy, vectorcall), READONLY, NULL},
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

#define ROW(slot, name)                                                        \
    static PyObject *method_r##name(PyObject *self, PyObject *other)           \
    {                                                                          \
        return proxy_##name(other, self);                                      \
    }
BINARY_SLOTS(ROW)
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
    return reflected ? proxy_pow(args[0], self, modulo)
                     : proxy_pow(self, args[0], modulo);
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
    return inplace(self, exponent, inplace_power);
}

static PyObject *
method_call(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return proxy_vectorcall(self, args, (size_t)count, names);
}

static PyObject *
method_buffer(PyObject *self, PyObject *Py_UNUSED(flags))
{
    return unary(self, PyMemoryView_FromObject);
}

#define FAST(name, function)                                                   \
    {"__" #name "__", (PyCFunction)(void (*)(void))function, METH_FASTCALL, NULL}

PyMethodDef proxy_shape_methods[] = {
#define ROW(slot, name) {"__" #name "__", method_##name, METH_NOARGS, NULL},
    UNARY_SLOTS(ROW)
#undef ROW
#define ROW(slot, name)                                                        \
    {"__" #name "__", proxy_##name, METH_O, NULL},                             \
    {"__r" #name "__", method_r##name, METH_O, NULL},
    BINARY_SLOTS(ROW)
#undef ROW
#define ROW(slot, name) {"__" #name "__", proxy_##name, METH_O, NULL},
    INPLACE_SLOTS(ROW)
#undef ROW
#define ROW(operation, name) {"__" #name "__", method_##name, METH_O, NULL},
    COMPARISONS(ROW)
#undef ROW
#define ROW(name, how) {"__" #name "__", (PyCFunction)(void (*)(void))proxy_##name, how, NULL},
    NAMED(ROW)
#undef ROW
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
    {"__call__", (PyCFunction)(void (*)(void))method_call,
     METH_FASTCALL | METH_KEYWORDS, NULL},
    {NULL},
};
