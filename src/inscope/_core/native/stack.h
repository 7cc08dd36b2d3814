/* The hot part of a LocalStack, and the cells that it is made of. */
#ifndef INSCOPE_STACK_H
#define INSCOPE_STACK_H

#include "state.h"

/* A cell of the stack, and the view of the stack from there down. Contexts share
 * cells: the fields are read and written in a critical section of the cell. */
typedef struct StackView {
    PyObject_HEAD
    PyObject *item;          /* Owned. NULL once withdrawn; EMPTY in Python. */
    struct StackView *below; /* Owned. NULL at the bottom only. */
    PyObject *bind;          /* Owned: the open bind that pushed it, or NULL. */
    PyObject *weakrefs;      /* Owned by the interpreter. */
} StackView;

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

/* make_stack_view(View) -> StackView, which derives from it, and the bottom cell. */
PyObject *stack_make_view(PyObject *module, PyObject *view);

#endif
