/* The hot part of a LocalStack: push, pop, and the top. */
#ifndef INSCOPE_STACK_H
#define INSCOPE_STACK_H

#include "state.h"

typedef struct {
    PyObject_HEAD
    PyObject *storage;  /* Owned. NULL before __init__. */
    State *state;       /* Borrowed: lives as long as the type does. */
    PyObject *weakrefs; /* Owned by the interpreter. */
    char plain;         /* The storage is the caller's ContextVar of lists. */
} BareStack;

/* The top of the stack, a strong reference; NULL if there is none, with an error
 * only if something failed. */
PyObject *stack_top(PyObject *stack);

int stack_add_types(PyObject *module, State *state);

#endif
