/* BareLocal: what is hot of a Local.
 *
 *     local.name ──► local_getattro ──► storage (storage.h) ──► tree (names.c)
 *                                                                 └─► a value, or
 *                                                                     a cell (cell.c)
 *
 * Local (_core/local.py) derives from it and adds the rest. A name that begins with
 * no underscore is in the storage or nowhere; any other may be Python's, and the
 * attributes of a subclass may have any name. Python twin: python/local.py.
 */
#include "local.h"

#include "arguments.h"
#include "cell.h"
#include "names.h"
#include "storage.h"

static PyObject *
tree_of(Stored *local)
{
    PyObject *storage = storage_of(local);
    if (storage == NULL) {
        return NULL;
    }
    PyObject *tree = storage_get(local->state, storage, local->state->empty_tree);
    Py_DECREF(storage);
    return tree;
}

static int
store(Stored *local, PyObject *tree)
{
    PyObject *storage = tree == NULL ? NULL : storage_of(local);
    if (storage == NULL) {
        return -1;
    }
    int result = storage_set(local->state, storage, tree);
    Py_DECREF(storage);
    return result;
}

/* The value of name in a tree; NULL, with an error only if something failed. */
static PyObject *
value_in(State *state, PyObject *tree, PyObject *name)
{
    PyObject *found = names_lookup(tree, name);
    if (found != NULL && cell_check(found)) {
        PyObject *value = cell_read((Cell *)found);
        Py_DECREF(found);
        return value;
    }
    if (found == state->empty && found != NULL) {
        Py_CLEAR(found);
    }
    return found;
}

static PyObject *
value_of(Stored *local, PyObject *name)
{
    PyObject *tree = tree_of(local);
    if (tree == NULL) {
        return NULL;
    }
    PyObject *value = value_in(local->state, tree, name);
    Py_DECREF(tree);
    return value;
}

/* Raise that the Local has no value under this name. */
static void
raise_unbound(Stored *local, PyObject *name)
{
    static const char *const fields[] = {"name", "obj"};
    PyObject *values[] = {name, (PyObject *)local};
    PyObject *error = PyObject_CallOneArg(local->state->unbound_name, name);
    for (int index = 0; error != NULL && index < 2; index++) {
        if (PyObject_SetAttrString(error, fields[index], values[index]) < 0) {
            Py_CLEAR(error);
        }
    }
    if (error != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
    }
}

/* Has a class in the MRO an attribute of this name? Then it has raised. */
static int
is_attribute(PyTypeObject *type, PyObject *name)
{
    PyObject *mro = type->tp_mro;
    int found = 0;
    for (Py_ssize_t index = 0; found == 0 && index < PyTuple_GET_SIZE(mro); index++) {
        PyObject *names = PyObject_GetAttrString(PyTuple_GET_ITEM(mro, index), "__dict__");
        found = names == NULL ? -1 : PySequence_Contains(names, name);
        Py_XDECREF(names);
    }
    return found;
}

/* As Python does it: the class's attributes first, then the names. What a property
 * raised is told only if there is no value of that name. */
static PyObject *
ordinary_attribute(Stored *local, PyObject *name)
{
    PyObject *found = PyObject_GenericGetAttr((PyObject *)local, name);
    if (found != NULL || !PyErr_ExceptionMatches(PyExc_AttributeError)) {
        return found;
    }
    PyObject *error = PyErr_GetRaisedException();
    found = value_of(local, name);
    if (found == NULL && !PyErr_Occurred()) {
        int raised = is_attribute(Py_TYPE(local), name);
        if (raised > 0) {
            PyErr_SetRaisedException(Py_NewRef(error));
        }
        else if (raised == 0) {
            raise_unbound(local, name);
        }
    }
    Py_DECREF(error);
    return found;
}

static Py_NO_INLINE PyObject *
value_or_error(Stored *local, PyObject *name)
{
    PyObject *value = PyErr_Occurred() ? NULL : value_of(local, name);
    if (value == NULL && !PyErr_Occurred()) {
        raise_unbound(local, name);
    }
    return value;
}

#ifndef Py_GIL_DISABLED

/* What is nearly always so: the names are in one dict of a context variable, and the
 * value is there and in no cell. NULL if it is not so, with an error only if something
 * failed. */
static inline PyObject *
plain_value(Stored *local, PyObject *name)
{
    PyObject *tree, *value = NULL;
    if (local->storage == NULL || !PyContextVar_CheckExact(local->storage) ||
        PyContextVar_Get(local->storage, local->state->empty_tree, &tree) < 0) {
        return NULL;
    }
    if (PyDict_CheckExact(tree)) {
        value = PyDict_GetItemWithError(tree, name);
        if (value != NULL) {
            value = cell_check(value) ? NULL : Py_NewRef(value);
        }
    }
    Py_DECREF(tree);
    return value;
}

#endif

static PyObject *
local_getattro(PyObject *self, PyObject *name)
{
    Stored *local = (Stored *)self;
    if ((PyObject *)Py_TYPE(self) != local->state->local_type || has_underscore(name) ||
        !PyUnicode_CheckExact(name)) {
        return ordinary_attribute(local, name);
    }
#ifndef Py_GIL_DISABLED
    PyObject *value = plain_value(local, name);
    if (value != NULL) {
        return value;
    }
#endif
    return value_or_error(local, name);
}

/* Real dicts are kept in the caller's variable, whatever mapping it held. */
static PyObject *
plain_copy(Stored *local, PyObject *tree)
{
    return PyDict_CheckExact(tree)
               ? PyDict_Copy(tree)
               : PyObject_CallOneArg(local->state->copy_plain, tree);
}

static PyObject *
with_name(Stored *local, PyObject *tree, PyObject *name, PyObject *value)
{
    if (!local->plain) {
        return names_assign(tree, name, value);
    }
    PyObject *copy = plain_copy(local, tree);
    if (copy != NULL && PyDict_SetItem(copy, name, value) < 0) {
        Py_CLEAR(copy);
    }
    return copy;
}

static PyObject *
without_name(Stored *local, PyObject *tree, PyObject *name)
{
    PyObject *value = value_in(local->state, tree, name);
    if (value == NULL) {
        if (!PyErr_Occurred()) {
            raise_unbound(local, name);
        }
        return NULL;
    }
    Py_DECREF(value);
    if (!local->plain) {
        return names_remove(local->state, tree, name);
    }
    PyObject *copy = plain_copy(local, tree);
    if (copy != NULL && PyDict_DelItem(copy, name) < 0) {
        Py_CLEAR(copy);
    }
    return copy;
}

static int
local_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    Stored *local = (Stored *)self;
    PyObject *tree = tree_of(local);
    if (tree == NULL) {
        return -1;
    }
    PyObject *changed = value == NULL ? without_name(local, tree, name)
                                      : with_name(local, tree, name, value);
    int result = store(local, changed);
    Py_XDECREF(changed);
    Py_DECREF(tree);
    return result;
}

/* The methods that subclasses call */

/* Local.__getattr__(local, name): what Python asks when it has found nothing. */
static PyObject *
local_getattr(PyObject *self, PyObject *name)
{
    Stored *local = (Stored *)self;
    PyObject *value = value_of(local, name);
    if (value == NULL && !PyErr_Occurred()) {
        int raised = is_attribute(Py_TYPE(self), name);
        if (raised > 0) { /* asked again, it tells its own story */
            return PyObject_GenericGetAttr(self, name);
        }
        if (raised == 0) {
            raise_unbound(local, name);
        }
    }
    return value;
}

static PyObject *
local_method_setattr(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_Format(PyExc_TypeError, "expected 2 arguments, got %zd", count);
        return NULL;
    }
    return local_setattro(self, args[0], args[1]) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
local_method_delattr(PyObject *self, PyObject *name)
{
    return local_setattro(self, name, NULL) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef methods[] = {
    {"__getattr__", local_getattr, METH_O, NULL},
    {NULL},
};

static PyMethodDef changing_methods[] = {
    {"__setattr__", FAST_METHOD(local_method_setattr), METH_FASTCALL, NULL},
    {"__delattr__", local_method_delattr, METH_O, NULL},
    {NULL},
};

/* A class with a __getattr__ in its MRO is read by way of Python, which would ask for
 * the attribute first and for the name then. BareLocal's function does both. */
int
local_set_access(PyObject *type)
{
    if (!PyType_Check(type) || ((PyTypeObject *)type)->tp_setattro == NULL) {
        PyErr_SetString(PyExc_TypeError, "not a type");
        return -1;
    }
    ((PyTypeObject *)type)->tp_getattro = local_getattro;
    PyType_Modified((PyTypeObject *)type);
    return 0;
}

int
local_allow_own_names(State *state)
{
    return state_add_methods(state->bare_local, changing_methods);
}

/* The fields, as _core/local.py calls them. */
static PyGetSetDef fields[] = {
    {"_Local__storage", stored_get_storage, stored_set_storage, NULL, NULL},
    {"_Local__plain", stored_get_plain, stored_set_plain, NULL, NULL},
    {NULL},
};

static PyType_Slot slots[] = {
    STORED_SLOTS,
    {Py_tp_getattro, local_getattro},
    {Py_tp_setattro, local_setattro},
    {Py_tp_methods, methods},
    {Py_tp_getset, fields},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "inscope._core.native._native.BareLocal",
    .basicsize = sizeof(Stored),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

int
local_add_types(PyObject *module, State *state)
{
    return state_add_type(module, &state->bare_local, &spec, NULL);
}
