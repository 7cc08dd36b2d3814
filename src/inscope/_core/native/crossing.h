/* What crosses a boundary. */
#ifndef INSCOPE_CROSSING_H
#define INSCOPE_CROSSING_H

#include "state.h"

int crossing_add_types(PyObject *module, State *state);

#endif
