/* The operators of a proxy: each resolves, and does on the object what the statement
 * would do on it. What is no operator is in protocols.c.
 *
 * One line for each where one will do, in the order of _core/special_methods.py, which
 * says what is forwarded and why the rest is not. ``slots.h`` says which slots of a
 * type they fill, and shape.c under which names a shaped proxy has them.
 */
#include "forward.h"

/* Basic customization */

PyObject *
proxy_repr(PyObject *self)
{
    PyObject *target = proxy_resolve(self);
    if (target == NULL) {
        return proxy_answer(self, proxy_state(self)->unbound_repr, NULL);
    }
    if ((target = proxy_begin_with(target)) == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_Repr(target);
    proxy_end(target);
    return result;
}

UNARY(str, PyObject_Str)
static PyObject *
bytes_of(PyObject *target)
{
    return PyObject_CallOneArg((PyObject *)&PyBytes_Type, target);
}

NAMED_UNARY(bytes, bytes_of)
WITH_OTHER(format, PyObject_Format)

PyObject *
proxy_richcompare(PyObject *self, PyObject *other, int operation)
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_RichCompare(target, other, operation);
    proxy_end(target);
    return result;
}

Py_hash_t
proxy_hash(PyObject *self)
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return -1;
    }
    Py_hash_t result = PyObject_Hash(target);
    proxy_end(target);
    return result;
}

int
proxy_bool(PyObject *self)
{
    PyObject *target = proxy_resolve(self);
    if (target == NULL) {
        return proxy_unbound(self) ? 0 : -1;
    }
    if ((target = proxy_begin_with(target)) == NULL) {
        return -1;
    }
    int result = PyObject_IsTrue(target);
    proxy_end(target);
    return result;
}

/* Containers */

static int
has_len(PyTypeObject *type)
{
    return (type->tp_as_sequence != NULL && type->tp_as_sequence->sq_length != NULL) ||
           (type->tp_as_mapping != NULL && type->tp_as_mapping->mp_length != NULL);
}

static char *
append(char *text, const char *more, size_t length)
{
    return (char *)memcpy(text, more, length) + length;
}

/* In the words of len(). Put together here, as PyErr_Format() takes six times as long:
 * list(p) and the like ask for the length first, and drop this error. */
static Py_ssize_t
refuse_len(PyTypeObject *type)
{
    static const char first[] = "object of type '", last[] = "' has no len()";
    enum { LONGEST = 200 };
    char text[sizeof(first) + LONGEST + sizeof(last)];
    char *end = append(text, first, sizeof(first) - 1);
    end = append(end, type->tp_name, strnlen(type->tp_name, LONGEST));
    end = append(end, last, sizeof(last) - 1);
    PyObject *message = PyUnicode_DecodeUTF8(text, end - text, "replace");
    if (message != NULL) {
        PyErr_SetObject(PyExc_TypeError, message);
        Py_DECREF(message);
    }
    return -1;
}

Py_ssize_t
proxy_len(PyObject *self)
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return -1;
    }
    PyTypeObject *type = Py_TYPE(target);
    Py_ssize_t result = has_len(type) ? PyObject_Size(target) : refuse_len(type);
    proxy_end(target);
    return result;
}

PyObject *
proxy_length_hint(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return NULL;
    }
    Py_ssize_t result = PyObject_LengthHint(target, 0);
    proxy_end(target);
    return result < 0 ? NULL : PyLong_FromSsize_t(result);
}

WITH_OTHER(getitem, PyObject_GetItem)

PyObject *
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

int
proxy_setitem(PyObject *self, PyObject *key, PyObject *value)
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return -1;
    }
    int result = value == NULL ? PyObject_DelItem(target, key)
                               : PyObject_SetItem(target, key, value);
    proxy_end(target);
    return result;
}

int
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

int
proxy_contains(PyObject *self, PyObject *item)
{
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return -1;
    }
    int result = PySequence_Contains(target, item);
    proxy_end(target);
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

/* With a modulo int asks for real ints, so all three are resolved. */
static PyObject *
pow_modulo(PyObject *base, PyObject *exponent, PyObject *modulo)
{
    PyObject *result = NULL, *real[3] = {NULL, NULL, NULL};
    if (Py_EnterRecursiveCall(" while using a LocalProxy")) {
        return NULL;
    }
    if ((real[0] = plain(base)) != NULL && (real[1] = plain(exponent)) != NULL &&
        (real[2] = plain(modulo)) != NULL) {
        result = PyNumber_Power(real[0], real[1], real[2]);
    }
    Py_XDECREF(real[0]);
    Py_XDECREF(real[1]);
    Py_XDECREF(real[2]);
    Py_LeaveRecursiveCall();
    return result;
}

PyObject *
forward_pow(PyObject *self, PyObject *other, PyObject *modulo)
{
    return modulo == Py_None ? forward(self, other, power)
                             : pow_modulo(self, other, modulo);
}

PyObject *
reflect_pow(PyObject *self, PyObject *other, PyObject *modulo)
{
    return modulo == Py_None ? reflect(self, other, power)
                             : pow_modulo(other, self, modulo);
}

PyObject *
proxy_pow(PyObject *base, PyObject *exponent, PyObject *modulo)
{
    return modulo == Py_None ? binary(base, exponent, power)
                             : pow_modulo(base, exponent, modulo);
}

PyObject *
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
