/* Something to await that is done already. */
#ifndef INSCOPE_DONE_H
#define INSCOPE_DONE_H

#include "state.h"

PyObject *done_new(State *state, PyObject *value);

int done_add_types(PyObject *module, State *state);

#endif
