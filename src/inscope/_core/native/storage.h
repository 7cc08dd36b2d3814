/* What a Local or a stack keeps its data in: a context variable, or an object with
 * the same methods (_core/storage.py). And the object that has one, of which BareLocal
 * and BareStack are made. */
#ifndef INSCOPE_STORAGE_H
#define INSCOPE_STORAGE_H

#include "state.h"

typedef struct {
    PyObject_HEAD
    PyObject *storage;  /* Owned. NULL before __init__. */
    State *state;       /* Borrowed: lives as long as the type does. */
    PyObject *weakrefs; /* Owned by the interpreter. */
    char plain;         /* The storage is the caller's ContextVar of dicts, or of lists. */
} Stored;

/* The storage, a strong reference; NULL with an error before __init__. */
static inline PyObject *
storage_of(Stored *self)
{
    PyObject *storage;
    Py_BEGIN_CRITICAL_SECTION(self);
    storage = Py_XNewRef(self->storage);
    Py_END_CRITICAL_SECTION();
    if (storage == NULL) {
        Py_XDECREF(PyObject_CallOneArg(self->state->uninitialized, (PyObject *)self));
    }
    return storage;
}

/* Strong reference to the data of here and now, or to what is given instead. */
static inline PyObject *
storage_get(State *state, PyObject *storage, PyObject *instead)
{
    PyObject *found;
    if (PyContextVar_CheckExact(storage)) {
        return PyContextVar_Get(storage, instead, &found) < 0 ? NULL : found;
    }
    return PyObject_CallMethodOneArg(storage, state->get, instead);
}

static inline int
storage_set(State *state, PyObject *storage, PyObject *data)
{
    PyObject *token = PyContextVar_CheckExact(storage)
                          ? PyContextVar_Set(storage, data)
                          : PyObject_CallMethodOneArg(storage, state->set, data);
    Py_XDECREF(token);
    return token == NULL ? -1 : 0;
}

/* storage.c: the life of such an object, and its fields. */
PyObject *stored_new(PyTypeObject *type, PyObject *args, PyObject *kwargs);
int stored_traverse(PyObject *self, visitproc visit, void *arg);
int stored_clear(PyObject *self);
void stored_dealloc(PyObject *self);
PyObject *stored_get_storage(PyObject *self, void *closure);
int stored_set_storage(PyObject *self, PyObject *storage, void *closure);
PyObject *stored_get_plain(PyObject *self, void *closure);
int stored_set_plain(PyObject *self, PyObject *value, void *closure);
extern PyMemberDef stored_members[];

#define STORED_SLOTS                                                           \
    {Py_tp_new, stored_new}, {Py_tp_dealloc, stored_dealloc},                  \
        {Py_tp_traverse, stored_traverse}, {Py_tp_clear, stored_clear},        \
        {Py_tp_members, stored_members}

#endif
