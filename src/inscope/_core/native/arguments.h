/* A method's one argument, by position or by name. */
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

#define FAST_METHOD(function) (PyCFunction)(void (*)(void))(function)

#endif
