/* What a Snapshot does all the time. */
#ifndef INSCOPE_SNAPSHOT_H
#define INSCOPE_SNAPSHOT_H

#include "state.h"

int snapshot_add_types(PyObject *module, State *state);

#endif
