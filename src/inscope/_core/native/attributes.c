/* The attributes of a proxy: those of its object, but for a few that are its own.
 *
 *     p.name ──► proxy_getattro ──► proxy_resolve ──► ways.c ──► the object
 *                      └──► the object's attribute
 */
#include "arguments.h"
#include "proxy.h"

/* An attribute that is the proxy's own: its methods, and what is the object's
 * when there is one and the proxy's when there is none. */
static PyObject *
own_attribute(PyObject *self, State *state, PyObject *name)
{
    int bases = PyUnicode_Compare(name, state->dunder_mro_entries) == 0;
    if (!bases && PyUnicode_Compare(name, state->dunder_class) != 0 &&
        PyUnicode_Compare(name, state->dunder_doc) != 0 &&
        PyUnicode_Compare(name, state->dunder_wrapped) != 0) {
        return PyObject_GenericGetAttr(self, name);
    }
    PyObject *target = proxy_resolve(self);
    if (target == NULL) {
        return proxy_answer(self, state->unbound_attribute, name);
    }
    if ((target = proxy_begin_with(target)) == NULL) {
        return NULL;
    }
    PyObject *result =
        bases ? PyObject_CallFunctionObjArgs(state->mro_entries, target, NULL)
              : PyObject_GetAttr(target, name);
    proxy_end(target);
    return result;
}

/* Most names are told from a proxy's own ones by their third letter. */
static inline int
may_be_own(PyObject *name)
{
    if (!PyUnicode_IS_COMPACT_ASCII(name) || PyUnicode_GET_LENGTH(name) < 3) {
        return 1;
    }
    switch (((const char *)((PyASCIIObject *)name + 1))[2]) {
    case 'c': /* __class__, __copy__ */
    case 'd': /* __deepcopy__, __doc__ */
    case 'e': /* _get_current_object */
    case 'm': /* __mro_entries__ */
    case 'r': /* __reduce__, __reduce_ex__ */
    case 'w': /* __wrapped__ */
        return 1;
    default:
        return 0;
    }
}

/* Of two names that are interned, equal ones are the same. */
static int
is_own(PyObject *self, PyObject *name)
{
    if (!may_be_own(name)) {
        return 0;
    }
    State *state = proxy_state(self);
    if (!PyUnicode_CHECK_INTERNED(name)) {
        return PySequence_Contains(state->own, name);
    }
    for (Py_ssize_t index = 0; index < PyTuple_GET_SIZE(state->own); index++) {
        if (PyTuple_GET_ITEM(state->own, index) == name) {
            return 1;
        }
    }
    return 0;
}

/* What follows is kept out of the way of the attribute that is simply the object's. */

static Py_NO_INLINE PyObject *
attribute_missing(PyObject *self, PyObject *name)
{
    return proxy_answer(self, proxy_state(self)->fail_attribute, name);
}

/* Takes the reference to the target, which may lead back to the proxy. */
static Py_NO_INLINE PyObject *
attribute_of_any(PyObject *target, PyObject *name)
{
    if ((target = proxy_begin_with(target)) == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_GetAttr(target, name);
    proxy_end(target);
    return result;
}

static inline PyObject *
objects_attribute(PyObject *self, PyObject *name)
{
    PyObject *target = proxy_resolve(self);
    if (target == NULL) {
        return attribute_missing(self, name);
    }
    if (!LIKELY(Py_TYPE(target)->tp_getattro == PyObject_GenericGetAttr)) {
        return attribute_of_any(target, name);
    }
    PyObject *result = PyObject_GenericGetAttr(target, name);
    Py_DECREF(target);
    return result;
}

static Py_NO_INLINE PyObject *
any_attribute(PyObject *self, PyObject *name)
{
    int own = PyUnicode_Check(name) ? is_own(self, name) : 0;
    if (own == 0) {
        return objects_attribute(self, name);
    }
    return own < 0 ? NULL : own_attribute(self, proxy_state(self), name);
}

/* Is it a name as nearly all are: of ASCII, and not with an underscore in front? */
static inline int
is_simple(PyObject *name)
{
    PyASCIIObject *text = (PyASCIIObject *)name;
    return PyUnicode_CheckExact(name) && (text->state.compact & text->state.ascii) &&
           *(const char *)(text + 1) != '_';
}

PyObject *
proxy_getattro(PyObject *self, PyObject *name)
{
    return LIKELY(is_simple(name)) ? objects_attribute(self, name)
                                   : any_attribute(self, name);
}

/* typing marks what LocalProxy[T](…) made, and would mark the object: 1 if that
 * is what this assignment is, 0 if not, -1 for an error. */
static int
is_generic_mark(PyObject *self, PyObject *name, PyObject *value)
{
    State *state = proxy_state(self);
    if (PyUnicode_Compare(name, state->dunder_orig_class) != 0) {
        return 0;
    }
    PyObject *origin = PyObject_GetAttr(value, state->dunder_origin);
    if (origin == NULL) {
        PyErr_Clear();
        return 0;
    }
    int result = Py_TYPE(origin) == Py_TYPE(state->local_proxy);
    Py_DECREF(origin);
    return result;
}

int
proxy_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    if (value != NULL && has_underscore(name)) {
        int mark = is_generic_mark(self, name, value);
        if (mark) {
            return mark < 0 ? -1 : 0;
        }
    }
    PyObject *target = proxy_begin(self);
    if (target == NULL) {
        return -1;
    }
    int result = PyObject_SetAttr(target, name, value);
    proxy_end(target);
    return result;
}

/* As methods */

static PyObject *
proxy_method_setattr(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_Format(PyExc_TypeError, "expected 2 arguments, got %zd", count);
        return NULL;
    }
    return proxy_setattro(self, args[0], args[1]) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
proxy_method_delattr(PyObject *self, PyObject *name)
{
    return proxy_setattro(self, name, NULL) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef changing_methods[] = {
    {"__setattr__", FAST_METHOD(proxy_method_setattr), METH_FASTCALL, NULL},
    {"__delattr__", proxy_method_delattr, METH_O, NULL},
    {NULL},
};

/* Let object.__setattr__ give subclasses attributes of their own. */
int
proxy_allow_own_attributes(State *state)
{
    return state_add_methods(state->bare_proxy, changing_methods);
}
