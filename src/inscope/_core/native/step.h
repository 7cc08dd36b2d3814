/* Steps: a generator, a coroutine or an iterator that is advanced in a Context. */
#ifndef INSCOPE_STEP_H
#define INSCOPE_STEP_H

#include "state.h"

/* steps_in(context, inner, layer=None) -> Steps */
PyObject *steps_in(PyObject *module, PyObject *const *args, Py_ssize_t count);

int step_add_types(PyObject *module, State *state);

#endif
