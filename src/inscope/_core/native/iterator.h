/* A call with a scope around it, and around the iterator that it returns. */
#ifndef INSCOPE_ITERATOR_H
#define INSCOPE_ITERATOR_H

#include "state.h"

/* iterate_in_scope(scope, function, *args) -> an iterator */
PyObject *iterate_in_scope(PyObject *module, PyObject *const *args, Py_ssize_t count);

int iterator_add_types(PyObject *module, State *state);

#endif
