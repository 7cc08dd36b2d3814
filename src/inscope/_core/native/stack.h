/* The hot part of a LocalStack: push, pop, and the top. */
#ifndef INSCOPE_STACK_H
#define INSCOPE_STACK_H

#include "state.h"

/* The top of the stack, a strong reference; NULL if there is none, with an error
 * only if something failed. */
PyObject *stack_top(PyObject *stack);

int stack_add_types(PyObject *module, State *state);

#endif
