/* The hot part of a Local: names read, assigned and deleted. */
#ifndef INSCOPE_LOCAL_H
#define INSCOPE_LOCAL_H

#include "state.h"

int local_add_types(PyObject *module, State *state);

/* Let a subclass of BareLocal read names by local.c, though it has a __getattr__. */
int local_set_access(PyObject *type);

/* Let object.__setattr__ give subclasses attributes of their own. */
int local_allow_own_names(State *state);

#endif
