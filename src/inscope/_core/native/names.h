/* The persistent map behind a Local; _core/names.py explains it, with a drawing. */
#ifndef INSCOPE_NAMES_H
#define INSCOPE_NAMES_H

#include "state.h"

/* Strong reference to the value of name; NULL if there is none, with an error only
 * if something failed. */
PyObject *names_lookup(PyObject *tree, PyObject *name);

/* A new tree in which name is set to value. */
PyObject *names_assign(PyObject *tree, PyObject *name, PyObject *value);

/* A new tree without name, which is there. */
PyObject *names_remove(State *state, PyObject *tree, PyObject *name);

/* Name the numbers that both implementations must agree on. */
int names_add_constants(PyObject *module);

#endif
