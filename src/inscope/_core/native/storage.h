/* What a Local or a stack keeps its data in: a context variable, or an object with
 * the same methods (_core/storage.py). */
#ifndef INSCOPE_STORAGE_H
#define INSCOPE_STORAGE_H

#include "state.h"

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

#endif
