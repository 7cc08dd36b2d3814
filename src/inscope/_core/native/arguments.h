/* What is asked of arguments: of a method's only one, and of an attribute's name. */
#ifndef INSCOPE_ARGUMENTS_H
#define INSCOPE_ARGUMENTS_H

#include "compat.h"

/* Borrowed; NULL with a TypeError. */
static inline PyObject *
only_argument(const char *method, const char *name, PyObject *const *args,
              Py_ssize_t count, PyObject *keywords)
{
    Py_ssize_t named = keywords == NULL ? 0 : PyTuple_GET_SIZE(keywords);
    if (count + named == 1 &&
        (named == 0 || PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0),
                                                        name) == 0)) {
        return args[0];
    }
    PyErr_Format(PyExc_TypeError, "%s() takes exactly one argument, %s", method, name);
    return NULL;
}

/* Only attributes whose names begin so can be Python's, or a proxy's own. */
static inline int
has_underscore(PyObject *name)
{
    if (!PyUnicode_Check(name)) {
        return 0;
    }
    return PyUnicode_IS_COMPACT_ASCII(name)
               ? *(const char *)((PyASCIIObject *)name + 1) == '_'
               : PyUnicode_GET_LENGTH(name) > 0 && PyUnicode_READ_CHAR(name, 0) == '_';
}

#define FAST_METHOD(function) (PyCFunction)(void (*)(void))(function)

#endif
