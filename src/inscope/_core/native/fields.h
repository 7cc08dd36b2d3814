/* A field of an object, as Python reads and assigns it; kept as NULL for *nothing*. */
#ifndef INSCOPE_FIELDS_H
#define INSCOPE_FIELDS_H

#include "compat.h"

static inline PyObject *
field_get(PyObject *self, PyObject **field, PyObject *nothing)
{
    PyObject *value;
    Py_BEGIN_CRITICAL_SECTION(self);
    value = Py_NewRef(*field == NULL ? nothing : *field);
    Py_END_CRITICAL_SECTION();
    return value;
}

/* Keeps a new reference to value; -1 if the field is to be deleted, which nobody does. */
static inline int
field_set(PyObject *self, PyObject **field, PyObject *value, PyObject *nothing)
{
    if (value == NULL) {
        PyErr_Format(PyExc_AttributeError, "the fields of a %.200s cannot be deleted",
                     Py_TYPE(self)->tp_name);
        return -1;
    }
    PyObject *old;
    Py_BEGIN_CRITICAL_SECTION(self);
    old = *field;
    *field = value == nothing ? NULL : Py_NewRef(value);
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(old);
    return 0;
}

#endif
